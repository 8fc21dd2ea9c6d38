package exchange

import "github.com/thalweg/thalweg/operators/stream"

// WatermarkMerge keeps the least watermark over several inputs (channels, splits).
// Idle inputs are left out until they are active again; ended ones for good. What
// it reports never goes back, and is the end of time only when no input has rows to come:
// while an idle one may have, all others being at theirs, it is [stream.NearEnd].
type WatermarkMerge struct {
	inputs []mergeInput
	// last is the watermark reported last, idle whether idleness was.
	last stream.Watermark
	idle bool
	// active counts the inputs that are neither idle nor ended, ended the ended.
	active int
	ended  int
}

type mergeInput struct {
	watermark stream.Watermark
	idle      bool
	ended     bool
}

// MergeStep is what an update changed.
type MergeStep struct {
	// Advanced tells that the least watermark grew to Watermark.
	Advanced  bool
	Watermark stream.Watermark
	// Idle tells that all inputs have just become idle.
	Idle bool
}

// NewWatermarkMerge makes a merge of n active inputs.
func NewWatermarkMerge(n int) *WatermarkMerge {
	m := &WatermarkMerge{last: stream.NoWatermark}
	for range n {
		m.Add(stream.NoWatermark)
	}
	return m
}

// Add adds an active input that stands at wm and returns its index. It may hold
// the watermark back but does not lower it.
func (m *WatermarkMerge) Add(wm stream.Watermark) int {
	m.inputs = append(m.inputs, mergeInput{watermark: wm})
	m.active++
	m.idle = false
	return len(m.inputs) - 1
}

// Of is the watermark of input i.
func (m *WatermarkMerge) Of(i int) stream.Watermark { return m.inputs[i].watermark }

// Active notes that input i is not idle.
func (m *WatermarkMerge) Active(i int) {
	in := &m.inputs[i]
	if in.idle {
		in.idle = false
		m.active++
		m.idle = false
	}
}

// Update notes that input i has reached wm.
func (m *WatermarkMerge) Update(i int, wm stream.Watermark) MergeStep {
	m.Active(i)
	if wm <= m.inputs[i].watermark {
		return MergeStep{}
	}
	m.inputs[i].watermark = wm
	return m.step()
}

// Idle notes that input i has no rows for now.
func (m *WatermarkMerge) Idle(i int) MergeStep {
	in := &m.inputs[i]
	if in.idle || in.ended {
		return MergeStep{}
	}
	in.idle = true
	m.active--
	return m.step()
}

// End notes that nothing more comes from input i.
func (m *WatermarkMerge) End(i int) MergeStep {
	in := &m.inputs[i]
	if in.ended {
		return MergeStep{}
	}
	if !in.idle {
		m.active--
	}
	in.ended, in.idle = true, false
	m.ended++
	return m.step()
}

// step finds the least watermark anew. It stays when the rest are idle, and when
// all inputs have ended: a job that stops with its state ends its channels, too,
// so that the end of time must be sent as a watermark.
func (m *WatermarkMerge) step() MergeStep {
	least, silent := stream.EndOfTime, false
	for i := range m.inputs {
		switch in := &m.inputs[i]; {
		case in.ended:
		case in.idle:
			silent = silent || in.watermark != stream.EndOfTime
		default:
			least = min(least, in.watermark)
		}
	}
	if silent {
		least = min(least, stream.NearEnd)
	}
	switch {
	case m.ended == len(m.inputs):
		return MergeStep{}
	case m.active == 0 && m.ended < len(m.inputs):
		becomes := !m.idle
		m.idle = true
		return MergeStep{Idle: becomes}
	case least > m.last:
		m.last = least
		return MergeStep{Advanced: true, Watermark: least}
	}
	return MergeStep{}
}
