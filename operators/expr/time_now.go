package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// nowFunctions read the clocks that the context carries.
func nowFunctions() []Function {
	ltz, timestamp := types.TimestampLTZOf(3).NotNull(), types.TimestampOf(3).NotNull()
	now := func(name, doc string, t types.Type, value func(ctx *EvalContext) int64) Function {
		return Function{Name: name, Family: "temporal", Usage: name + "()", Doc: doc, Volatile: true,
			Resolve: rule{params: []param{}, result: always(t), keepNull: true}.to(name),
			Bind: func(c *Call) (Kernel, error) {
				return func(ctx *EvalContext, _ []Vector, n int) (arrow.Array, error) {
					arr, err := constantArray(c.Type, rex.Value{Int: value(ctx)})
					if err != nil {
						return nil, err
					}
					defer arr.Release()
					return broadcast(ctx.Alloc, arr, n), nil
				}, nil
			}}
	}
	millis := func(ctx *EvalContext) int64 { return ctx.NowMillis }
	local := func(ctx *EvalContext) int64 {
		return ctx.NowMillis + 1000*temporal.OffsetSeconds(ctx.zone(), temporal.FloorDiv(ctx.NowMillis, 1000))
	}
	ofDay := func(ctx *EvalContext) int64 {
		second := temporal.FloorMod(local(ctx), temporal.MillisPerDay) / 1000
		return second * 1000
	}
	day := func(ctx *EvalContext) int64 { return temporal.FloorDiv(local(ctx), temporal.MillisPerDay) }
	return []Function{
		now("NOW", "The processing time.", ltz, millis).alias("CURRENT_TIMESTAMP", "CURRENT_ROW_TIMESTAMP"),
		now("PROCTIME", "The processing time, as a time attribute.", ltz, millis),
		now("LOCALTIMESTAMP", "The processing time in the session's zone.", timestamp, local),
		now("LOCALTIME", "The time of day in the session's zone.", types.TimeOf(0).NotNull(), ofDay).alias("CURRENT_TIME"),
		now("CURRENT_DATE", "The date in the session's zone.", types.Of(types.Date).NotNull(), day),
		{Name: "CURRENT_WATERMARK", Family: "temporal", Usage: "CURRENT_WATERMARK(rowtime)", Volatile: true,
			Doc:     "The current watermark of the time attribute's stream; NULL before the first.",
			Resolve: resolveWatermark, Bind: bindWatermark},
	}
}

func resolveWatermark(args []rex.Expr) (rex.Resolved, error) {
	if len(args) != 1 || !args[0].Type.IsTimestamp() {
		return rex.Resolved{}, errs.Userf("CURRENT_WATERMARK takes a time attribute, not %s", typeList(args))
	}
	t := args[0].Type
	return rex.Resolved{Args: []types.Type{t}, Result: types.Type{Kind: t.Kind, Precision: 3, Nullable: true}}, nil
}

func bindWatermark(c *Call) (Kernel, error) {
	return func(ctx *EvalContext, _ []Vector, n int) (arrow.Array, error) {
		wm := ctx.WatermarkMillis
		arr, err := constantArray(c.Type, rex.Value{Int: wm, Null: wm == int64(stream.NoWatermark)})
		if err != nil {
			return nil, err
		}
		defer arr.Release()
		return broadcast(ctx.Alloc, arr, n), nil
	}, nil
}
