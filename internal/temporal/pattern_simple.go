package temporal

// parseSimple reads a text as SimpleDateFormat does: spaces before a field are skipped,
// a number has any digits unless another field abuts, and the text may go on.
func (p *Pattern) parseSimple(c *cursor[string], f *fields) bool {
	for i := range p.items {
		it := &p.items[i]
		if it.letter == 0 {
			if !c.literal(it.text) {
				return false
			}
			continue
		}
		for c.accept(' ') || c.accept('\t') {
		}
		if !it.parseSimple(c, f, p.abuts(i)) {
			return false
		}
	}
	return true
}

// parseSimple reads one field.
func (it *item) parseSimple(c *cursor[string], f *fields, fixed bool) bool {
	switch {
	case it.count >= 3 && (it.letter == 'M' || it.letter == 'L'):
		return it.parseName(c, monthNames[:], &f.month)
	case it.letter == 'E' || it.letter == 'a' || it.letter == 'G' || it.ofZone():
		return it.parseText(c, f)
	}
	start := c.at
	negative := c.accept('-')
	least, most := 1, 18
	if fixed {
		least, most = it.count, it.count
	}
	v, ok := c.number(least, most)
	if it.letter == 'y' && it.count <= 2 && c.at-start == 2 {
		v = nearYear(v)
	}
	if negative {
		v = -v
	}
	if to := f.simple(it.letter); to != nil {
		*to = v
	}
	switch it.letter {
	case 'S':
		f.nanos *= NanosPerMilli
	case 'k':
		f.hour %= 24
	case 'h':
		if f.hour == 12 {
			f.hour = 0
		}
	}
	f.halfDay = f.halfDay || it.letter == 'h' || it.letter == 'K'
	return ok
}

// nearYear is the year that two digits stand for: Java takes the one from 80 years before
// the present to 20 after it, which must not be another one each year here.
func nearYear(v int64) int64 {
	if v < 46 {
		return v + 2000
	}
	return v + 1900
}

// simple is where a numeric letter goes; nil for those that don't count.
func (f *fields) simple(letter byte) *int64 {
	switch letter {
	case 'y', 'Y':
		return &f.year
	case 'M', 'L':
		return &f.month
	case 'd':
		return &f.day
	case 'D':
		return &f.yearDay
	case 'H', 'k', 'h', 'K':
		return &f.hour
	case 'm':
		return &f.minute
	case 's':
		return &f.second
	case 'S':
		return &f.nanos
	}
	return nil
}

// lenient counts fields that are out of range on into the longer ones.
func (f *fields) lenient() Parsed {
	if f.pm && f.hour < 12 {
		f.hour += 12
	}
	months := f.month - 1
	days := Days(int(f.year+FloorDiv(months, 12)), int(FloorMod(months, 12))+1, 1) + f.day - 1
	if f.yearDay > 0 {
		days = Days(int(f.year), 1, 1) + f.yearDay - 1
	}
	nanos := f.sinceMidnight()
	return Parsed{Days: days + FloorDiv(nanos, NanosPerDay), Nanos: FloorMod(nanos, NanosPerDay), OffsetSeconds: f.offset, Zoned: f.zoned}
}
