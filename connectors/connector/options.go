package connector

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Options are a table's checked options with their defaults. Made by
// [Spec.Parse]; immutable. The getters never fail: a value that is absent and has
// no default is the type's zero. Asking for a name that the spec does not have, or
// by the wrong type, is a bug and panics. The zero Options has no specs and no
// values; its getters give zeros.
type Options struct {
	specs  map[string]OptionSpec
	values map[string]string
	given  map[string]bool
}

// find returns the spec that covers name.
func (o Options) find(name string) (OptionSpec, bool) {
	if spec, ok := o.specs[name]; ok && spec.Type != TypeMapPrefix {
		return spec, true
	}
	for _, spec := range o.specs {
		if spec.Type == TypeMapPrefix && strings.HasPrefix(name, spec.Name) && len(name) > len(spec.Name) {
			return spec, true
		}
		if strings.Contains(spec.Name, "#") && matchPattern(spec.Name, name) {
			return spec, true
		}
	}
	return OptionSpec{}, false
}

// matchPattern matches a name against a pattern whose '#' stands for one name. A
// field's name may hold dots: the pattern's head and tail decide.
func matchPattern(pattern, name string) bool {
	head, tail, _ := strings.Cut(pattern, "#")
	return len(name) > len(head)+len(tail) && strings.HasPrefix(name, head) && strings.HasSuffix(name, tail)
}

// get gives the canonical text of name, "" when absent.
func (o Options) get(name string, want ...OptionType) string {
	if o.specs == nil {
		return ""
	}
	spec, ok := o.find(name)
	if !ok {
		panic("connector: option '" + name + "' is not in the spec")
	}
	for _, t := range want {
		if spec.Type == t {
			if value, ok := o.values[name]; ok {
				return value
			}
			return o.patternDefault(spec)
		}
	}
	panic(fmt.Sprintf("connector: option '%s' is a %s", name, spec.Type))
}

// patternDefault is the default of a '#' option, which Parse can't fill in.
func (o Options) patternDefault(spec OptionSpec) string {
	if spec.Default == "" || !strings.Contains(spec.Name, "#") {
		return ""
	}
	value, err := spec.Type.parse(spec.Default, spec.Values)
	if err != nil {
		panic("connector: default of option '" + spec.Name + "': " + err.Error())
	}
	return value
}

// Given reports whether the table itself names the option.
func (o Options) Given(name string) bool { return o.given[name] }

// Has reports whether there is a value, the default included.
func (o Options) Has(name string) bool {
	_, ok := o.values[name]
	return ok
}

// String gives the value of a string, enum or prefixed option.
func (o Options) String(name string) string {
	return o.get(name, TypeString, TypeEnum, TypeMapPrefix)
}

// Int gives the value of an int or bigint option.
func (o Options) Int(name string) int64 { return toInt(o.get(name, TypeInt, TypeBigInt)) }

// Double gives the value of a double option.
func (o Options) Double(name string) float64 {
	f, _ := strconv.ParseFloat(o.get(name, TypeDouble), 64)
	return f
}

// Bool gives the value of a bool option.
func (o Options) Bool(name string) bool { return o.get(name, TypeBool) == "true" }

// Duration gives the value of a duration option.
func (o Options) Duration(name string) time.Duration {
	return time.Duration(toInt(o.get(name, TypeDuration)))
}

// Bytes gives the value of a memory size option, in bytes.
func (o Options) Bytes(name string) int64 { return toInt(o.get(name, TypeMemorySize)) }

// List gives the parts of a list option; nil when absent.
func (o Options) List(name string) []string {
	text := o.get(name, TypeList)
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Prefix gives the options under a map prefix, without it.
func (o Options) Prefix(prefix string) map[string]string {
	out := map[string]string{}
	for name, value := range o.values {
		if strings.HasPrefix(name, prefix) {
			out[strings.TrimPrefix(name, prefix)] = value
		}
	}
	return out
}

// Names lists the options that the table itself names, in order.
func (o Options) Names() []string {
	names := make(map[string]string, len(o.given))
	for name := range o.given {
		names[name] = ""
	}
	return sortedKeys(names)
}

// toInt reads a canonical integer; "" is 0.
func toInt(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
