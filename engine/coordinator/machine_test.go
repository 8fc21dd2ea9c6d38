package coordinator_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/engine/graph"
	"github.com/thalweg/thalweg/internal/errs"
)

// TestScripts drives the machine by scripts. Each line of input is a message, with
// `@time` in front when time has passed; the output is the effects and the state.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var s *script
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "job":
				s = newScript(t, d)
				return ""
			case "do":
				return s.do(t, d.Input)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

type script struct {
	machine *coordinator.Machine
	cfg     coordinator.Config
	now     time.Duration
}

func newScript(t *testing.T, d *datadriven.TestData) *script {
	s := &script{cfg: coordinator.Config{Restart: coordinator.Restart{Strategy: coordinator.ExponentialDelay, Delay: time.Second, Max: time.Minute,
		Multiplier: 2, ResetAfter: time.Hour}}}
	var sources, tasks int
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "sources":
			arg.Scan(t, 0, &sources)
		case "tasks":
			arg.Scan(t, 0, &tasks)
		case "interval":
			s.cfg.Interval = duration(t, arg.Vals[0])
		case "commit-delay":
			s.cfg.CommitDelay = duration(t, arg.Vals[0])
		case "pause":
			s.cfg.MinPause = duration(t, arg.Vals[0])
		case "timeout":
			s.cfg.Timeout = duration(t, arg.Vals[0])
		default:
			if !restartArg(t, &s.cfg, arg) {
				d.Fatalf(t, "unknown argument %q", arg.Key)
			}
		}
	}
	for i := range tasks {
		task := graph.TaskID{Index: i}
		s.cfg.Tasks = append(s.cfg.Tasks, task)
		if i < sources {
			s.cfg.Sources = append(s.cfg.Sources, task)
		}
	}
	s.machine = coordinator.New(s.cfg)
	return s
}

// restartArg reads an argument that is about restarts. The numbers of random are
// given out in turn.
func restartArg(t *testing.T, cfg *coordinator.Config, arg datadriven.CmdArg) bool {
	rule := &cfg.Restart
	switch arg.Key {
	case "restart":
		rule.Strategy = map[string]coordinator.Strategy{"none": coordinator.NoRestart, "fixed-delay": coordinator.FixedDelay,
			"failure-rate": coordinator.FailureRate, "exponential-delay": coordinator.ExponentialDelay}[arg.Vals[0]]
		if rule.Strategy.String() != arg.Vals[0] {
			t.Fatalf("no strategy %q", arg.Vals[0])
		}
	case "attempts":
		arg.Scan(t, 0, &rule.Attempts)
	case "delay":
		rule.Delay = duration(t, arg.Vals[0])
	case "within":
		rule.Interval = duration(t, arg.Vals[0])
	case "max":
		rule.Max = duration(t, arg.Vals[0])
	case "reset":
		rule.ResetAfter = duration(t, arg.Vals[0])
	case "multiplier":
		rule.Multiplier = number(t, arg.Vals[0])
	case "jitter":
		rule.Jitter = number(t, arg.Vals[0])
	case "random":
		next := 0
		cfg.Random = func() float64 {
			next++
			return number(t, arg.Vals[(next-1)%len(arg.Vals)])
		}
	default:
		return false
	}
	return true
}

func number(t *testing.T, text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s *script) do(t *testing.T, input string) string {
	var b strings.Builder
	for _, line := range strings.Split(input, "\n") {
		words := strings.Fields(line)
		if strings.HasPrefix(words[0], "@") {
			s.now = duration(t, words[0][1:])
			words = words[1:]
		}
		for _, e := range s.machine.Step(s.now, message(t, words)) {
			fmt.Fprintln(&b, e)
		}
	}
	fmt.Fprintf(&b, "[%s", s.machine.State())
	if at, ok := s.machine.NextWake(); ok {
		fmt.Fprintf(&b, ", wake at %s", at)
	}
	b.WriteString("]\n")
	return b.String()
}

// message parses `verb arguments…`.
func message(t *testing.T, words []string) coordinator.Message {
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	task := func(i int) graph.TaskID { return graph.TaskID{Index: number(i)} }
	failure := func(i int) error {
		class := map[string]errs.Class{"user": errs.User, "resource": errs.Resource, "bug": errs.Bug,
			"corruption": errs.Corruption}[words[i]]
		return errs.Newf(class, "%s", strings.Join(words[i+1:], " "))
	}
	has := func(word string) bool { return strings.Contains(strings.Join(words, " "), word) }
	switch words[0] {
	case "start":
		msg := coordinator.Start{RestoredFinal: has("final")}
		if len(words) > 1 {
			msg.Restore = uint64(number(1))
		}
		return msg
	case "deployed":
		return coordinator.Deployed{}
	case "deploy-failed":
		return coordinator.DeployFailed{Err: failure(1)}
	case "ack":
		return coordinator.Acked{Epoch: uint64(number(1)), Task: task(2)}
	case "source-ended":
		return coordinator.SourceEnded{Task: task(1)}
	case "task-failed":
		return coordinator.TaskFailed{Task: task(1), Err: failure(2)}
	case "torn-down":
		return coordinator.TornDown{}
	case "held":
		return coordinator.Held{After: uint64(number(1))}
	case "published":
		return coordinator.Published{Epoch: uint64(number(1))}
	case "publish-failed":
		return coordinator.PublishFailed{Epoch: uint64(number(1)), Err: failure(2)}
	case "committed":
		return coordinator.Committed{Epoch: uint64(number(1))}
	case "commit-failed":
		return coordinator.CommitFailed{Epoch: uint64(number(1)), Err: failure(2)}
	case "tick":
		return coordinator.Tick{}
	case "checkpoint":
		return coordinator.Checkpoint{ID: coordinator.RequestID(number(1))}
	case "savepoint":
		return coordinator.Savepoint{ID: coordinator.RequestID(number(1))}
	case "stop":
		return coordinator.Stop{ID: coordinator.RequestID(number(1)), Savepoint: has("savepoint"), Drain: has("drain")}
	case "cancel":
		return coordinator.Cancel{}
	}
	t.Fatalf("unknown message %q", words[0])
	return nil
}
