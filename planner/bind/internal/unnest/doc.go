// Package unnest joins a relation with a sub-query that reads the relation's
// columns, without calling the sub-query for each row: it gives plain joins,
// aggregates and top-Ns, which change as either side does.
//
// Columns of the relation around are rex.Outer expressions in the sub-query. They
// are lifted out of it from the bottom up. Conditions that hold one go up through
// everything they commute with, and at last into the join with the relation. Where
// an operator looks at several rows at once (an aggregate, a top-N, DISTINCT, the
// padded side of an outer join), a condition `outer = inner` lets it work by the
// inner column, for all values of the outer one together. Otherwise the operator
// works over the relation's distinct values, the domain, joined with the input.
// Neumann and Kemper, Unnesting Arbitrary Queries, BTW 2015, is the idea.
//
// An aggregate without GROUP BY gives a row for no rows, too: it is joined by an
// outer join at the end, where the missing row becomes that of nothing.
package unnest
