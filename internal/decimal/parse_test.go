package decimal

import "testing"

func TestParseRoundsOnce(t *testing.T) {
	for _, c := range []struct {
		text             string
		precision, scale int
		want             string
		valid, fits      bool
	}{
		// More than 38 digits: cutting them off first would round twice.
		{"6522295954948280392.05317057106907865546154e+4", 38, 14, "65222959549482803920531.70571069078655", true, true},
		{"0.4444444444444444444444444444444444444445", 38, 0, "0", true, true},
		{"0.49999999999999999999999999999999999999999999", 38, 0, "0", true, true},
		{"0.5", 38, 0, "1", true, true},
		{"-0.5", 38, 0, "-1", true, true},
		{"99.995", 4, 2, "", true, false},
		{"1e-9999", 5, 2, "0.00", true, true},
		{"1e9999", 38, 0, "", true, false},
		{"0e9999", 5, 0, "0", true, true},
		{"1.2e3", 10, 1, "1200.0", true, true},
		{".5", 3, 1, "0.5", true, true},
		{"5.", 3, 1, "5.0", true, true},
		{"", 3, 1, "", false, false},
		{".", 3, 1, "", false, false},
		{"1e", 3, 1, "", false, false},
		{"1.2.3", 3, 1, "", false, false},
		{" 1", 3, 1, "", false, false},
	} {
		v, valid, fits := Parse(c.text, c.precision, c.scale)
		got := ""
		if valid && fits {
			got = String(v, c.scale)
		}
		if valid != c.valid || fits != c.fits || got != c.want {
			t.Errorf("%s as DECIMAL(%d, %d): %q %t %t, want %q %t %t", c.text, c.precision, c.scale, got, valid, fits, c.want, c.valid, c.fits)
		}
	}
}
