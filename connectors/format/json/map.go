package json

// mapValue decodes an object as a MAP or MULTISET. The last one of equal keys
// counts.
func (d *decoder) mapValue(n *node, i int) int {
	if d.data[i] != '{' {
		return d.wrong(n, i, "not an object")
	}
	base, depth := n.col.Rows(), d.depth
	before := n.col.Kids[0].Rows()
	next, repeated := d.entries(n, i, nil)
	if next > 0 && repeated {
		n.col.Kids[0].Truncate(before)
		d.depth = depth
		next, _ = d.entries(n, i, d.lastOf(i))
	}
	if next < 0 {
		n.col.Truncate(base)
		d.depth = depth
		return -1
	}
	n.col.End()
	return next
}

// repeatsCheckMax is the number of entries up to which equal keys are looked for
// by comparing each with each.
const repeatsCheckMax = 16

// entries decodes the entries of the object at i. With last, only the entry whose
// number last holds for its key. repeated tells that two keys are equal.
func (d *decoder) entries(n *node, i int, last map[string]int) (next int, repeated bool) {
	if !d.enter(i) {
		return -1, false
	}
	var many map[string]bool
	from := len(d.keys)
	defer func() { d.keys = d.keys[:from] }()
	i = d.space(i + 1)
	for number := 0; number > 0 || d.data[i] != '}'; number++ {
		if d.data[i] != '"' {
			return d.unexpected(i, "a key"), false
		}
		raw, plain, after := d.str(i)
		if after < 0 {
			return -1, false
		}
		key, ok := d.text(raw, plain, i)
		if !ok {
			return -1, false
		}
		repeated = d.repeated(from, &many, key, plain) || repeated
		keyAt := i
		if i = d.colon(after); i < 0 {
			return -1, false
		}
		if last != nil && last[string(key)] != number {
			i = d.skip(i)
		} else {
			i = d.entry(n, key, keyAt, i)
		}
		if i < 0 {
			return -1, false
		}
		if i = d.space(i); d.data[i] == '}' {
			break
		}
		if d.data[i] != ',' {
			return d.unexpected(i, "',' or '}'"), false
		}
		i = d.space(i + 1)
	}
	d.depth--
	return i + 1, repeated
}

// entry appends one key and the value at i.
func (d *decoder) entry(n *node, key []byte, keyAt, i int) int {
	if why := d.mapKey(n.key, key); why != "" {
		return d.wrong(n.key, keyAt, why)
	}
	if i = d.value(n.elem, i); i > 0 {
		n.col.Kids[0].End()
	}
	return i
}

// lastOf maps each key of the well-formed object at i to the number of its last
// entry.
func (d *decoder) lastOf(i int) map[string]int {
	last := map[string]int{}
	i = d.space(i + 1)
	for number := 0; ; number++ {
		raw, plain, after := d.str(i)
		key, _ := d.text(raw, plain, i)
		last[string(key)] = number
		i = d.space(d.skip(d.colon(after)))
		if d.data[i] == '}' {
			return last
		}
		i = d.space(i + 1)
	}
}

// repeated notes key as one of the map whose keys begin at d.keys[from], and
// reports whether it was there. many takes over beyond a few keys.
func (d *decoder) repeated(from int, many *map[string]bool, key []byte, plain bool) bool {
	if !plain {
		key = append([]byte(nil), key...)
	}
	keys := d.keys[from:]
	if len(keys) < repeatsCheckMax {
		d.keys = append(d.keys, key)
		for _, k := range keys {
			if string(k) == string(key) {
				return true
			}
		}
		return false
	}
	if *many == nil {
		*many = map[string]bool{}
		for _, k := range keys {
			(*many)[string(k)] = true
		}
	}
	if (*many)[string(key)] {
		return true
	}
	(*many)[string(key)] = true
	return false
}

// mapKey appends a key, read from its text.
func (d *decoder) mapKey(n *node, key []byte) (why string) {
	if n.typ.IsString() {
		n.col.Bytes(key)
		return ""
	}
	return d.scalar(n, key)
}
