package nexmark

import "strconv"

const firstPersonID = 1000

// The word lists persons are made of, in the benchmark's order.
func firstNames() [11]string {
	return [...]string{"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"}
}

func lastNames() [9]string {
	return [...]string{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"}
}

func cities() [10]string {
	return [...]string{"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle",
		"Kent", "Cheyenne"}
}

func states() [6]string { return [...]string{"AZ", "CA", "ID", "OR", "WA", "WY"} }

// people makes the persons of a run into rows from row of out; out is nil when
// no column of theirs is wanted.
func (g *generator) people(r run, out *group, row int) {
	ids := out.ints(personID, row, r.count)
	for i := range ids {
		ids[i] = r.epoch*g.config.PersonProportion + r.offset + int64(i) + firstPersonID
	}
	g.times(out.ints(personTime, row, r.count), r.place)
	for i := range r.count {
		g.person(out, row+i)
	}
}

// person draws one person's texts.
func (g *generator) person(out *group, row int) {
	rnd := &g.random
	put := func(field int, s []byte) {
		if c := out.column(field); c != nil {
			c.put(row, s)
		}
	}
	size := 8
	name := append(g.scratch[:0], firstNames()[rnd.below(11)]...)
	name = append(append(name, ' '), lastNames()[rnd.below(9)]...)
	put(personName, name)
	size += len(name)

	email := append(appendWord(name[:0], rnd, 7, ' '), '@')
	email = append(appendWord(email, rnd, 5, ' '), ".com"...)
	put(personEmail, email)
	size += len(email)

	card := email[:0]
	for i := range 4 {
		if i > 0 {
			card = append(card, ' ')
		}
		digits := rnd.below(10_000)
		card = strconv.AppendInt(card, int64(digits)+10_000, 10)
		card = append(card[:len(card)-5], card[len(card)-4:]...)
	}
	put(personCard, card)
	size += len(card)

	city := append(card[:0], cities()[rnd.below(10)]...)
	put(personCity, city)
	state := append(city, states()[rnd.below(6)]...)[len(city):]
	put(personState, state)
	size += len(city) + len(state)
	g.scratch = card

	f := newFiller(size, g.config.PersonBytes)
	g.extra(&f, out.column(personExtra), row)
}
