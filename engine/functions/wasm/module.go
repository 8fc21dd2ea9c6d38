package wasm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/thalweg/thalweg/internal/errs"
)

// Limits bound what a module may use.
type Limits struct {
	// MemoryBytes is the most memory of one instance.
	MemoryBytes int64
	// Timeout is the most time of one call, of a batch of rows.
	Timeout time.Duration
}

// abi is the version of the calling convention described in docs/functions.md.
const abi = 1

// The exports of a module that describes itself.
const (
	exportDescribe = "thalweg_describe"
	exportAlloc    = "thalweg_alloc"
	exportCall     = "thalweg_call"
)

// pageBytes is WebAssembly's page.
const pageBytes = 64 << 10

// Module is a compiled module and the instances of it that are not in use. Its methods
// may be called from any goroutine.
type Module struct {
	name     string
	limits   Limits
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	about    description

	mu     sync.Mutex
	idle   []*instance
	closed bool
}

// instance is one instance of a module, used by one goroutine at a time.
type instance struct {
	mod    api.Module
	alloc  api.Function
	call   api.Function
	stderr tail
	stack  [4]uint64
}

// Compile checks and compiles a module. name is for messages.
func Compile(name string, code []byte, limits Limits) (*Module, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().WithCloseOnContextDone(true).
		WithMemoryLimitPages(uint32(max(1, min(limits.MemoryBytes/pageBytes, 1<<16))))
	m := &Module{name: name, limits: limits, runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if err := m.compile(ctx, code); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Module) compile(ctx context.Context, code []byte) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, m.runtime); err != nil {
		return errs.Wrap(errs.Bug, err, "prepare WASI")
	}
	var err error
	if m.compiled, err = m.runtime.CompileModule(ctx, code); err != nil {
		return errs.Wrap(errs.User, err, "'%s' is no WebAssembly module", m.name)
	}
	exports := m.compiled.ExportedFunctions()
	if _, ok := exports[exportDescribe]; !ok {
		m.about = plainFunctions(exports)
		return nil
	}
	for _, name := range []string{exportAlloc, exportCall} {
		if _, ok := exports[name]; !ok {
			return errs.Userf("the module '%s' exports %s and no %s", m.name, exportDescribe, name).
				WithHint("see docs/functions.md for what a module has to export")
		}
	}
	return m.describe(ctx)
}

// describe asks the module what is in it.
func (m *Module) describe(ctx context.Context) error {
	in, err := m.take(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.limits.Timeout)
	defer cancel()
	out, err := in.mod.ExportedFunction(exportDescribe).Call(ctx)
	if err != nil {
		return m.trapped(in, err, exportDescribe)
	}
	text, err := in.answer(out[0])
	if err == nil {
		err = json.Unmarshal(text, &m.about)
	}
	if err != nil {
		return errs.Wrap(errs.User, err, "the description of the module '%s'", m.name)
	}
	m.give(in)
	if m.about.ABI != abi {
		return errs.Userf("the module '%s' speaks version %d of the calling convention, this program version %d", m.name, m.about.ABI, abi)
	}
	return nil
}

// Close frees the module and its instances; calls that run fail.
func (m *Module) Close() error {
	m.mu.Lock()
	m.closed, m.idle = true, nil
	m.mu.Unlock()
	return m.runtime.Close(context.Background())
}

// take gives an instance to the caller alone.
func (m *Module) take(ctx context.Context) (*instance, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		in := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return in, nil
	}
	closed := m.closed
	m.mu.Unlock()
	if closed {
		return nil, errs.Resourcef("the module '%s' is closed", m.name)
	}
	in := &instance{}
	config := wazero.NewModuleConfig().WithName("").WithStderr(&in.stderr).WithStartFunctions("_initialize")
	ctx, cancel := context.WithTimeout(ctx, m.limits.Timeout)
	defer cancel()
	mod, err := m.runtime.InstantiateModule(ctx, m.compiled, config)
	if err != nil {
		return nil, m.trapped(in, err, "_initialize")
	}
	in.mod, in.alloc, in.call = mod, mod.ExportedFunction(exportAlloc), mod.ExportedFunction(exportCall)
	return in, nil
}

// give takes an instance back. A few are kept for the calls to come; one that trapped
// must not be given back.
func (m *Module) give(in *instance) {
	m.mu.Lock()
	keep := !m.closed && len(m.idle) < runtime.GOMAXPROCS(0)
	if keep {
		m.idle = append(m.idle, in)
	}
	m.mu.Unlock()
	if !keep {
		in.drop()
	}
}

func (in *instance) drop() {
	if in.mod != nil {
		in.mod.Close(context.Background())
	}
}

// invoke calls a step of a function with a request and hands the answer, which is the
// instance's, to use.
func (m *Module) invoke(ctx context.Context, f *function, step int, request []byte, use func(answer []byte) error) error {
	if ctx == nil {
		ctx = context.Background()
	}
	in, err := m.take(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.limits.Timeout)
	defer cancel()
	answer, err := in.exchange(ctx, f.place, step, request)
	if err != nil {
		return m.trapped(in, err, f.Name)
	}
	if err := use(answer); err != nil {
		in.drop()
		return errs.Wrap(errs.User, err, "the function %s of the module '%s'", f.Name, m.name)
	}
	m.give(in)
	return nil
}

func (in *instance) exchange(ctx context.Context, place, step int, request []byte) ([]byte, error) {
	in.stack[0] = uint64(len(request))
	if err := in.alloc.CallWithStack(ctx, in.stack[:]); err != nil {
		return nil, err
	}
	at := uint32(in.stack[0])
	if !in.mod.Memory().Write(at, request) {
		return nil, errs.Userf("%s gave an address beyond the module's memory", exportAlloc)
	}
	in.stack = [4]uint64{uint64(place), uint64(step), uint64(at), uint64(len(request))}
	if err := in.call.CallWithStack(ctx, in.stack[:]); err != nil {
		return nil, err
	}
	return in.answer(in.stack[0])
}

// answer reads what an address and a length stand for.
func (in *instance) answer(place uint64) ([]byte, error) {
	b, ok := in.mod.Memory().Read(uint32(place>>32), uint32(place))
	if !ok {
		return nil, errs.Userf("the answer lies beyond the module's memory")
	}
	return b, nil
}

// trapped says why an instance, which is dropped, can't go on.
func (m *Module) trapped(in *instance, err error, what string) error {
	in.drop()
	var exit *sys.ExitError
	said := in.stderr.line()
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == sys.ExitCodeDeadlineExceeded:
		return errs.Userf("the function %s of the module '%s' took longer than %s", what, m.name, m.limits.Timeout).
			WithHint("mend it, or set 'timeout' higher")
	case errors.As(err, &exit) && exit.ExitCode() == sys.ExitCodeContextCanceled:
		return errs.Wrap(errs.Resource, context.Canceled, "the function %s", what)
	case said != "":
		return errs.Userf("the function %s of the module '%s' failed: %s", what, m.name, said)
	case errs.ClassOf(err) != errs.Bug:
		return errs.Wrap(errs.User, err, "the function %s of the module '%s'", what, m.name)
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errs.Userf("the function %s of the module '%s' failed: %s", what, m.name, first)
}

// tail keeps the beginning of what a module writes to its standard error.
type tail struct{ bytes.Buffer }

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.Buffer.Write(b[:min(len(b), max(0, tailBytes-t.Len()))])
	return len(b), nil
}

// line is the first line written.
func (t *tail) line() string {
	line, _, _ := strings.Cut(strings.TrimSpace(t.String()), "\n")
	return line
}
