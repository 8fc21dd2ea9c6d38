package windows_test

import (
	"testing"

	"github.com/thalweg/thalweg/operators/stream/windows"
)

// covering lists by brute force the ends of all windows that hold time t.
func covering(s windows.Spec, t int64) []int64 {
	var ends []int64
	step := s.StepMillis
	if s.Kind == windows.Tumble {
		step = s.SizeMillis
	}
	for k := int64(-60); k <= 60; k++ {
		if s.Kind == windows.Cumulate {
			start := s.OffsetMillis + k*s.SizeMillis
			for end := start + step; end <= start+s.SizeMillis; end += step {
				if start <= t && t < end {
					ends = append(ends, end)
				}
			}
			continue
		}
		if start := s.OffsetMillis + k*step; start <= t && t < start+s.SizeMillis {
			ends = append(ends, start+s.SizeMillis)
		}
	}
	return ends
}

func specs() []windows.Spec {
	var out []windows.Spec
	for _, offset := range []int64{0, 3, -4} {
		out = append(out,
			windows.Spec{Kind: windows.Tumble, SizeMillis: 10, OffsetMillis: offset},
			windows.Spec{Kind: windows.Hop, SizeMillis: 10, StepMillis: 2, OffsetMillis: offset},
			windows.Spec{Kind: windows.Hop, SizeMillis: 10, StepMillis: 4, OffsetMillis: offset},
			windows.Spec{Kind: windows.Hop, SizeMillis: 4, StepMillis: 10, OffsetMillis: offset},
			windows.Spec{Kind: windows.Cumulate, SizeMillis: 12, StepMillis: 3, OffsetMillis: offset})
	}
	return out
}

func TestWindowsOfASliceAreThoseOfItsTimes(t *testing.T) {
	for _, s := range specs() {
		for at := int64(-25); at <= 25; at++ {
			slice := s.SliceEnd(at)
			if at >= slice || at < slice-s.SliceMillis() {
				t.Fatalf("%+v: %d is not in its slice ending at %d", s, at, slice)
			}
			var got []int64
			for end := s.FirstEnd(slice); end <= s.LastEnd(slice); end = s.NextEnd(end) {
				got = append(got, end)
				if start := s.StartOf(end); at < start || at >= end {
					t.Errorf("%+v: %d is not in its window [%d, %d)", s, at, start, end)
				}
			}
			want := covering(s, at)
			if len(got) != len(want) {
				t.Errorf("%+v: %d has windows %v, want %v", s, at, got, want)
				continue
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%+v: %d has windows %v, want %v", s, at, got, want)
				}
			}
		}
	}
}

func TestFirstUnfiredIsTheFirstWindowNotDue(t *testing.T) {
	for _, s := range specs() {
		for at := int64(-25); at <= 25; at++ {
			for wm := int64(-40); wm <= 40; wm++ {
				end, ok := s.FirstUnfired(s.SliceEnd(at), wm)
				wantEnd, wantOK := int64(0), false
				for _, e := range covering(s, at) {
					if !windows.Fired(e, wm) {
						wantEnd, wantOK = e, true
						break
					}
				}
				if ok != wantOK || ok && end != wantEnd {
					t.Fatalf("%+v at %d, wm %d: got %d %t, want %d %t", s, at, wm, end, ok, wantEnd, wantOK)
				}
			}
		}
	}
}

func TestBadWindowsAreRefused(t *testing.T) {
	for _, s := range []windows.Spec{
		{Kind: windows.Session},
		{Kind: windows.Tumble},
		{Kind: windows.Hop, SizeMillis: 10},
		{Kind: windows.Cumulate, SizeMillis: 10, StepMillis: 3},
	} {
		if s.Check() == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
}
