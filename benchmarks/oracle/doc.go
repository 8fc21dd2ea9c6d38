// Package oracle checks Nexmark results against an independent batch computation:
// SQLite over the same events. It is a module of its own so that the product does
// not depend on a database, and it runs the product as users do, as a program.
package oracle
