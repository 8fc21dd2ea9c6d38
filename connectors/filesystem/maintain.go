package filesystem

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

var _ connector.Maintained = (*Connector)(nil)

// folderOf is a declared table that is a folder.
func (c *Connector) folderOf(table connector.Table) (*layout, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	if isPattern(l.path) {
		return nil, errs.Userf("table '%s': '%s' is a pattern, and not one folder", table.Name, l.path)
	}
	if info, err := c.fs.Stat(l.path); err == nil && !info.IsDir() {
		return nil, errs.Userf("table '%s': '%s' is a file, and not a folder", table.Name, l.path)
	}
	return l, nil
}

// Truncate implements connector.Maintained. Files that are being written stay.
func (c *Connector) Truncate(table connector.Table) error {
	l, err := c.folderOf(table)
	if err != nil {
		return err
	}
	return errs.Wrap(errs.Resource, c.empty(l.path, false), "table '%s': emptying '%s'", table.Name, l.path)
}

// empty removes the visible files below a folder, and the folders that this leaves
// empty; itself only if asked.
func (c *Connector) empty(dir string, itself bool) error {
	folders, err := foldersBelow(c.fs, dir, nil)
	if err != nil {
		return err
	}
	for _, f := range slices.Backward(folders) {
		if err := f.remove(c.fs, ""); err != nil {
			return err
		}
		if f.path == dir && !itself {
			continue
		}
		if left, err := c.fs.List(f.path); err == nil && len(left) == 0 {
			if err := c.fs.Remove(f.path); err != nil {
				return err
			}
			if err := durable.SyncDir(c.fs, filepath.Dir(f.path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// partitioned is a declared table with partitions.
func (c *Connector) partitioned(table connector.Table) (*layout, error) {
	l, err := c.folderOf(table)
	if err == nil && len(l.partitions) == 0 {
		return nil, errs.Userf("table '%s' is not partitioned", table.Name).WithHint("declare it with PARTITIONED BY")
	}
	return l, err
}

// Partitions implements connector.Maintained.
func (c *Connector) Partitions(table connector.Table) ([]connector.Partition, error) {
	l, err := c.partitioned(table)
	if err != nil {
		return nil, err
	}
	folders, err := foldersBelow(c.fs, l.path, nil)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "table '%s': listing '%s'", table.Name, l.path)
	}
	var out []connector.Partition
	for _, f := range folders {
		below, err := filepath.Rel(l.path, f.path)
		if err != nil {
			return nil, errs.Wrap(errs.Bug, err, "table '%s'", table.Name)
		}
		if p, ok := l.partitionOf(below); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b connector.Partition) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// partitionOf is the partition that a folder is.
func (l *layout) partitionOf(folder string) (connector.Partition, bool) {
	parts := strings.Split(filepath.ToSlash(folder), "/")
	if len(parts) != len(l.partitions) {
		return connector.Partition{}, false
	}
	values := map[string]string{}
	for i, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		if !ok || unescape(key) != l.partitions[i].Name {
			return connector.Partition{}, false
		}
		key, value = unescape(key), unescape(value)
		parts[i] = key + "=" + value
		if values[key] = value; value == l.nullName {
			values[key] = ""
		}
	}
	return connector.Partition{Name: strings.Join(parts, "/"), Values: values}, true
}

// partition is the folder of the partition with the values.
func (c *Connector) partition(table connector.Table, values map[string]string) (string, error) {
	l, err := c.partitioned(table)
	if err != nil {
		return "", err
	}
	folder := l.path
	for _, f := range l.partitions {
		value, ok := values[f.Name]
		if !ok {
			return "", errs.Userf("table '%s': the partition key '%s' has no value", table.Name, f.Name)
		}
		if value == "" {
			value = l.nullName
		}
		folder = filepath.Join(folder, folderName(f.Name, value))
	}
	for key := range values {
		if l.partitions.Index(key) < 0 {
			return "", errs.Userf("table '%s' is not partitioned by '%s'", table.Name, key)
		}
	}
	return folder, nil
}

// AddPartition implements connector.Maintained.
func (c *Connector) AddPartition(table connector.Table, values map[string]string) (bool, error) {
	folder, err := c.partition(table, values)
	if err != nil {
		return false, err
	}
	there, err := exists(c.fs, folder)
	if err == nil && !there {
		err = durable.MakeDir(c.fs, folder, 0o777)
	}
	return !there, errs.Wrap(errs.Resource, err, "table '%s': making '%s'", table.Name, folder)
}

// DropPartition implements connector.Maintained.
func (c *Connector) DropPartition(table connector.Table, values map[string]string) (bool, error) {
	folder, err := c.partition(table, values)
	if err != nil {
		return false, err
	}
	there, err := exists(c.fs, folder)
	if err == nil && there {
		err = c.empty(folder, true)
	}
	return there, errs.Wrap(errs.Resource, err, "table '%s': removing '%s'", table.Name, folder)
}
