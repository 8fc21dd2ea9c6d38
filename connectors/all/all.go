// Package all is the explicit list of the connectors that come with Thalweg.
package all

import (
	"github.com/thalweg/thalweg/connectors/blackhole"
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/datagen"
	"github.com/thalweg/thalweg/connectors/filesystem"
	"github.com/thalweg/thalweg/connectors/kinesis"
	"github.com/thalweg/thalweg/connectors/matview"
	"github.com/thalweg/thalweg/connectors/nats"
	"github.com/thalweg/thalweg/connectors/nexmark"
	"github.com/thalweg/thalweg/connectors/postgres"
	"github.com/thalweg/thalweg/connectors/print"
	"github.com/thalweg/thalweg/connectors/shardlog"
)

// Registry makes a registry of all connectors and some more.
func Registry(extra ...connector.Connector) (*connector.Registry, error) {
	return connector.NewRegistry(append([]connector.Connector{
		blackhole.New(),
		datagen.New(),
		filesystem.New(),
		kinesis.New(),
		kinesis.NewUpsert(),
		matview.New(),
		nats.New(),
		nats.NewUpsert(),
		nexmark.New(),
		postgres.New(),
		print.New(),
		shardlog.New(),
		shardlog.NewUpsert(),
	}, extra...)...)
}
