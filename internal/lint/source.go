package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Limits of size, in lines.
const (
	FunctionLinesMax = 70
	FileLinesMax     = 800
)

// File is one parsed Go source file.
type File struct {
	// Path is relative to the module's root, with slashes; Package is its folder.
	Path    string
	Package string
	Test    bool

	fset   *token.FileSet
	syntax *ast.File
	lines  int
}

// Finding is one broken rule.
type Finding struct {
	Path string
	Line int
	Rule string
	What string
}

// String is `path:line: rule: what`.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s: %s", f.Path, f.Line, f.Rule, f.What) }

// ParseFile parses src as the file at path.
func ParseFile(path string, src []byte) (File, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	return File{
		Path: path, Package: filepath.ToSlash(filepath.Dir(path)), Test: strings.HasSuffix(path, "_test.go"),
		fset: fset, syntax: syntax, lines: strings.Count(string(src), "\n"),
	}, nil
}

// ParseTree parses all Go files of the module at root, leaving out testdata,
// hidden folders and nested modules.
func ParseTree(root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(root, p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		file, err := ParseFile(filepath.ToSlash(relative), src)
		files = append(files, file)
		return err
	})
	return files, err
}

func skipDir(root, p, name string) error {
	if p == root {
		return nil
	}
	if name == "testdata" || strings.HasPrefix(name, ".") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (f File) finding(pos token.Pos, rule, format string, args ...any) Finding {
	return Finding{Path: f.Path, Line: f.fset.Position(pos).Line, Rule: rule, What: fmt.Sprintf(format, args...)}
}

// Imports finds imports that the law forbids. Test files may import anything but
// the engine from below it.
func Imports(f File, law Law) []Finding {
	var found []Finding
	for _, spec := range f.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		why := law.Check(f.Package, imported)
		if f.Test && !strings.HasPrefix(imported, Module+"/engine") {
			why = ""
		}
		if why != "" {
			found = append(found, f.finding(spec.Pos(), "import-law", "%s", why))
		}
	}
	return found
}

// Sizes finds files and functions that are too long.
func Sizes(f File) []Finding {
	var found []Finding
	if f.lines > FileLinesMax {
		found = append(found, Finding{f.Path, f.lines, "file-size", fmt.Sprintf("%d lines, more than %d: split it by idea", f.lines, FileLinesMax)})
	}
	for _, decl := range f.syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		if lines > FunctionLinesMax {
			found = append(found, f.finding(fn.Pos(), "function-size", "%s has %d lines, more than %d", fn.Name.Name, lines, FunctionLinesMax))
		}
	}
	return found
}

// litter matches marks of unfinished work.
var litter = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

// Habits finds what the house does not write: init functions outside cmd, sleeps
// in tests, and unowned marks of unfinished work.
func Habits(f File) []Finding {
	var found []Finding
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" && !strings.HasPrefix(f.Package, "cmd") {
				found = append(found, f.finding(n.Pos(), "no-init", "registries are values; build them in a constructor"))
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && f.Test && x.Name == "time" && n.Sel.Name == "Sleep" {
				found = append(found, f.finding(n.Pos(), "no-sleep", "wait for an event, or use a manual clock"))
			}
		}
		return true
	})
	for _, group := range f.syntax.Comments {
		for _, comment := range group.List {
			if mark := litter.FindString(comment.Text); mark != "" {
				found = append(found, f.finding(comment.Pos(), "no-litter", "%s: finish it, or write down elsewhere what is missing", mark))
			}
		}
	}
	return found
}

// Docs finds exported declarations without a comment, and packages without one.
// Test files and commands are free.
func Docs(f File) []Finding {
	if f.Test || f.syntax.Name.Name == "main" {
		return nil
	}
	var found []Finding
	report := func(name *ast.Ident, documented bool) {
		if name.IsExported() && !documented {
			found = append(found, f.finding(name.Pos(), "exported-doc", "%s has no comment", name.Name))
		}
	}
	for _, decl := range f.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil || exportedReceiver(decl.Recv) {
				report(decl.Name, decl.Doc != nil)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					report(spec.Name, decl.Doc != nil || spec.Doc != nil)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						report(name, decl.Doc != nil || spec.Doc != nil || spec.Comment != nil)
					}
				}
			}
		}
	}
	return found
}

// exportedReceiver reports a method whose type is exported.
func exportedReceiver(recv *ast.FieldList) bool {
	t := recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
