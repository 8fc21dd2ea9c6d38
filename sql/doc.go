// Package sql is Thalweg's SQL front end: it turns Flink SQL text into a typed
// syntax tree with positions ([Parse], [ParseExpr], [ParseType]) and prints a
// tree back as canonical text ([Format]).
//
// The tree says what was written, not what it means: names are not resolved,
// types are not inferred, and function names are any names. The rooms below:
//
//   - internal/token: the lexer and a cursor over its tokens;
//   - internal/typename: the text form of types;
//   - internal/lower: rewrites queries and expressions, token by token, into the
//     MySQL grammar of sqlparser, and remembers what it took out;
//   - this package: DDL and utility statements by recursive descent (parse_*.go),
//     sqlparser's tree raised into ours (raise_*.go), the printer (format_*.go).
//
// Invariants:
//
//   - SPAN: every node's span is a range of byte offsets into the whole script
//     given to Parse, and a parent's span covers its children's.
//   - IDENTITY: Parse(Format(s)) equals s but for spans.
//   - DEPTH: no tree is nested deeper than MaxDepth, apart from left-deep chains
//     of binary operators and set operations, which may be as long as the text.
package sql
