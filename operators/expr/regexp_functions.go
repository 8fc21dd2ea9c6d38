package expr

import (
	"github.com/thalweg/thalweg/internal/types"
)

func regexpFunctions() []Function {
	s, n := stringParam(), intParam()
	one := func(name, usage, doc string, r rule, bind binder, examples ...Example) Function {
		return def("string", name, usage, doc, r, bind, examples...).costly().fallible()
	}
	return []Function{
		one("REGEXP", "REGEXP(string, string)", "TRUE if a part of the string matches the regular expression; FALSE for one that is empty or none.",
			boolRule(s, s), bindRegexp, Example{"REGEXP('abc', 'b.')", "TRUE"}).alias("REGEXP_LIKE", "RLIKE"),
		one("REGEXP_EXTRACT", "REGEXP_EXTRACT(string, string [, INT])",
			"The part of the string that matches the regular expression, or that one of its groups matches; NULL without a match.",
			textRule(s, s, n).opt(1).null(), bindExtract(false), Example{"REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", "bar"},
			Example{"REGEXP_EXTRACT('abc', 'x')", "NULL"}),
		one("REGEXP_SUBSTR", "REGEXP_SUBSTR(string, string)", "The first part of the string that matches; NULL without a match.",
			textRule(s, s).null(), bindExtract(true), Example{"REGEXP_SUBSTR('a12b', '[0-9]+')", "12"}),
		one("REGEXP_REPLACE", "REGEXP_REPLACE(string, string, string)",
			"The string with all matches replaced; the replacement is taken as it is.",
			textRule(s, s, s).null(), bindRegexpReplace, Example{"REGEXP_REPLACE('foobar', 'oo|ar', '')", "fb"},
			Example{"REGEXP_REPLACE('ab', '(a)(b)', '$2$1')", "$2$1"}),
		one("REGEXP_COUNT", "REGEXP_COUNT(string, string)", "The number of matches.", intRule(s, s).null(), bindRegexpCount,
			Example{"REGEXP_COUNT('banana', 'an')", "2"}),
		one("REGEXP_INSTR", "REGEXP_INSTR(string, string)", "Where the first match begins, from 1; 0 without a match.",
			intRule(s, s).null(), bindRegexpInstr, Example{"REGEXP_INSTR('abc', '[b-z]')", "2"}),
	}
}

func bindRegexp(c *Call) (Kernel, error) {
	cache, err := newPatterns(c, 1)
	if err != nil {
		return nil, err
	}
	return toBool(func(args []byteColumn) func(i int) (bool, error) {
		return func(i int) (bool, error) {
			re := args[1].text(i)
			if re == "" {
				return false, nil
			}
			p, err := cache.of(re)
			if err == errNull {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			return p.matches(args[0].text(i)), nil
		}
	})(c)
}

// bindExtract gives the text of a match or of one of its groups.
func bindExtract(whole bool) binder {
	return func(c *Call) (Kernel, error) {
		cache, err := newPatterns(c, 1)
		if err != nil {
			return nil, err
		}
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			text, re := bytesOf(args[0]), bytesOf(args[1])
			group := func(int) int { return 0 }
			if len(args) > 2 && !whole {
				col := fixedOf[int32](args[2])
				group = func(i int) int { return int(col.at(i)) }
			}
			return func(dst []byte, i int) ([]byte, error) {
				p, err := cache.of(re.text(i))
				if err != nil {
					return dst, err
				}
				part, ok := p.group(text.text(i), group(i))
				if !ok {
					return dst, errNull
				}
				return append(dst, part...), nil
			}
		}), nil
	}
}

// group is the text of one group (0: all) of the first match.
func (p *pattern) group(text string, group int) (string, bool) {
	if group < 0 || group > p.re.NumSubexp() {
		return "", false
	}
	at := p.find(text)
	if at == nil || at[2*group] < 0 {
		return "", false
	}
	return text[at[2*group]:at[2*group+1]], true
}

func bindRegexpReplace(c *Call) (Kernel, error) {
	cache, err := newPatterns(c, 1)
	if err != nil {
		return nil, err
	}
	return toText(func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) {
			p, err := cache.of(args[1].text(i))
			if err != nil {
				return dst, err
			}
			text := args[0].text(i)
			if !p.may(text) {
				return append(dst, text...), nil
			}
			return append(dst, p.re.ReplaceAllLiteralString(text, args[2].text(i))...), nil
		}
	})(c)
}

func bindRegexpCount(c *Call) (Kernel, error) {
	return regexpInt(c, func(p *pattern, text string) int {
		if !p.may(text) {
			return 0
		}
		return len(p.re.FindAllStringIndex(text, -1))
	})
}

func bindRegexpInstr(c *Call) (Kernel, error) {
	return regexpInt(c, func(p *pattern, text string) int {
		at := p.find(text)
		if at == nil {
			return 0
		}
		return runesBefore(text, at[0]) + 1
	})
}

func regexpInt(c *Call, f func(p *pattern, text string) int) (Kernel, error) {
	cache, err := newPatterns(c, 1)
	if err != nil {
		return nil, err
	}
	return fixedRows(types.Of(types.Int), func(_ *EvalContext, args []Vector) func(i int) (int32, error) {
		text, re := bytesOf(args[0]), bytesOf(args[1])
		return func(i int) (int32, error) {
			p, err := cache.of(re.text(i))
			if err != nil {
				return 0, err
			}
			return int32(f(p, text.text(i))), nil
		}
	}), nil
}
