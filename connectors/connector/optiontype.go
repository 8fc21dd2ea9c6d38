package connector

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/thalweg/thalweg/internal/temporal"
)

// OptionType is the type of an option's value.
type OptionType uint8

// The option types.
const (
	// TypeString is any text.
	TypeString OptionType = iota
	// TypeInt is a 32-bit and TypeBigInt a 64-bit whole number.
	TypeInt
	TypeBigInt
	// TypeDouble is a number.
	TypeDouble
	// TypeBool is true or false.
	TypeBool
	// TypeDuration is Flink's form of a time span, such as '10 s' or '11 min'.
	TypeDuration
	// TypeMemorySize is Flink's form of a size, such as '16 mb'.
	TypeMemorySize
	// TypeEnum is one of OptionSpec.Values.
	TypeEnum
	// TypeList is a list of texts parted by ';'.
	TypeList
	// TypeMapPrefix is a family of text options that share a prefix.
	TypeMapPrefix
)

// String gives the type's name in the documentation.
func (t OptionType) String() string {
	names := [...]string{"string", "int", "bigint", "double", "bool", "duration", "memory size", "enum", "list", "map"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("optiontype(%d)", uint8(t))
}

// Form says in words what a value looks like.
func (t OptionType) Form(values []string) string {
	switch t {
	case TypeInt, TypeBigInt:
		return "a whole number"
	case TypeDouble:
		return "a number"
	case TypeBool:
		return "'true' or 'false'"
	case TypeDuration:
		return "a duration (a whole number and one of ns, us, ms, s, min, h, d)"
	case TypeMemorySize:
		return "a size (a whole number and one of b, kb, mb, gb, tb)"
	case TypeEnum:
		return "one of " + quoteList(values)
	case TypeList:
		return "a list parted by ';'"
	}
	return "a text"
}

// parse checks value and gives its canonical text: enums as declared, numbers,
// durations (nanoseconds) and sizes (bytes) as plain integers.
func (t OptionType) parse(value string, values []string) (string, error) {
	trimmed := strings.TrimSpace(value)
	switch t {
	case TypeInt:
		return canonicalInt(trimmed, 32)
	case TypeBigInt:
		return canonicalInt(trimmed, 64)
	case TypeDouble:
		if _, err := strconv.ParseFloat(trimmed, 64); err != nil {
			return "", errors.New("not a number")
		}
		return trimmed, nil
	case TypeBool:
		switch strings.ToLower(trimmed) {
		case "true", "false":
			return strings.ToLower(trimmed), nil
		}
		return "", errors.New("neither true nor false")
	case TypeDuration:
		d, err := ParseDuration(trimmed)
		return strconv.FormatInt(int64(d), 10), err
	case TypeMemorySize:
		size, err := ParseMemorySize(trimmed)
		return strconv.FormatInt(size, 10), err
	case TypeEnum:
		for _, v := range values {
			if strings.EqualFold(v, trimmed) {
				return v, nil
			}
		}
		return "", errors.New("no such choice")
	}
	return value, nil
}

func canonicalInt(text string, bits int) (string, error) {
	n, err := strconv.ParseInt(text, 10, bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return "", fmt.Errorf("does not fit into %d bits", bits)
	case err != nil:
		return "", errors.New("not a whole number")
	}
	return strconv.FormatInt(n, 10), nil
}

// ParseDuration reads Flink's forms of a time span: see temporal.ParseDuration.
func ParseDuration(text string) (time.Duration, error) { return temporal.ParseDuration(text) }

// sizeUnit is the bytes of a unit by any of its names, or 0.
func sizeUnit(name string) int64 {
	switch name {
	case "", "b", "bytes":
		return 1
	case "k", "kb", "kibibytes":
		return 1 << 10
	case "m", "mb", "mebibytes":
		return 1 << 20
	case "g", "gb", "gibibytes":
		return 1 << 30
	case "t", "tb", "tebibytes":
		return 1 << 40
	}
	return 0
}

// ParseMemorySize reads Flink's form of a size: a whole number and a unit of 1,024
// steps, such as '200b' or '16 mb'. Without a unit it is bytes.
func ParseMemorySize(text string) (int64, error) {
	number, unit, err := splitUnit(text)
	if err != nil {
		return 0, err
	}
	bytes := sizeUnit(unit)
	if bytes == 0 {
		return 0, fmt.Errorf("unknown unit %q", unit)
	}
	if number > (1<<63-1)/bytes {
		return 0, errors.New("too large")
	}
	return number * bytes, nil
}

// splitUnit cuts '10 min' into 10 and "min".
func splitUnit(text string) (number int64, unit string, err error) {
	text = strings.TrimSpace(text)
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 {
		return 0, "", errors.New("does not start with a number")
	}
	number, err = strconv.ParseInt(text[:digits], 10, 64)
	if err != nil {
		return 0, "", errors.New("number too large")
	}
	return number, strings.ToLower(strings.TrimSpace(text[digits:])), nil
}
