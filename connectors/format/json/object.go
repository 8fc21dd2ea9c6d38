package json

// fields decodes the object at i into o's columns, each of which has base rows
// before and base+1 after.
func (d *decoder) fields(o *object, base, i int) int {
	if !d.enter(i) {
		return -1
	}
	i = d.space(i + 1)
	if d.data[i] == '}' {
		d.depth--
		return d.missing(o, base, 0, i+1)
	}
	filled := 0
	for id := int32(-1); ; {
		if d.data[i] != '"' {
			return d.unexpected(i, "a key")
		}
		var field *node
		var next int
		if field, id, next = d.key(o, id, i); next < 0 {
			return -1
		}
		if i = next; d.data[i] <= ' ' {
			i = d.space(i)
		}
		if field == nil {
			i = d.skip(i)
		} else {
			if field.col.Rows() > base {
				field.col.Truncate(base) // the last one of equal keys counts
			} else {
				filled++
			}
			i = d.value(field, i)
		}
		if i < 0 {
			return -1
		}
		if d.data[i] != ',' && d.data[i] != '}' {
			i = d.space(i)
		}
		if d.data[i] == '}' {
			d.depth--
			return d.missing(o, base, filled, i+1)
		}
		if d.data[i] != ',' {
			return d.unexpected(i, "',' or '}'")
		}
		if i++; d.data[i] != '"' {
			i = d.space(i)
		}
	}
}

// key reads the key whose quote is at i, and its colon: as guessed from prev, the
// key before it, or by looking it up. id is -1 when the key is not kept as a guess.
func (d *decoder) key(o *object, prev int32, i int) (field *node, id int32, next int) {
	if prev < 0 {
		id = o.first
	} else {
		id = o.known[prev].next
	}
	i++
	if id >= 0 {
		if k := &o.known[id]; k.at(d.data, i) {
			return k.field, id, i + len(k.text)
		}
	}
	raw, plain, next := d.str(i - 1)
	if next < 0 {
		return nil, -1, -1
	}
	if next = d.colon(next); next < 0 {
		return nil, -1, -1
	}
	if id = o.learn(prev, raw, plain); id >= 0 {
		return o.known[id].field, id, next
	}
	name, ok := d.text(raw, plain, i)
	if !ok {
		return nil, -1, -1
	}
	return o.byName[string(name)], -1, next
}

// missing gives NULL to the fields that the object did not have, and returns next.
func (d *decoder) missing(o *object, base, filled, next int) int {
	if filled == len(o.fields) {
		return next
	}
	for _, f := range o.fields {
		if f.col.Rows() > base {
			continue
		}
		if d.complete {
			return d.fail("column '%s': the record has no such field", f.path)
		}
		if !f.typ.Nullable {
			return d.fail("column '%s': is NOT NULL, and the record has no such field", f.path)
		}
		f.col.Null()
	}
	return next
}
