package kinesis

import (
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// The codes of the API's errors.
const (
	codeNotFound        = "ResourceNotFoundException"
	codeInUse           = "ResourceInUseException"
	codeInvalidArgument = "InvalidArgumentException"
	codeLimit           = "LimitExceededException"
	codeExpiredIterator = "ExpiredIteratorException"
	codeExpiredToken    = "ExpiredNextTokenException"
	codeDryRun          = "DryRunOperationException"
	codeInternal        = "InternalFailure"
)

func invalidArgument(format string, args ...any) error {
	return wire.Errorf(codeInvalidArgument, format, args...)
}

// resource is a parsed ARN: a stream, or one of its consumers.
type resource struct {
	stream string
	// consumer and created are set for a consumer's.
	consumer string
	created  int64
}

// streamARN names a stream in the caller's region.
func (s *Service) streamARN(call wire.Call, name string) string {
	return "arn:aws:kinesis:" + call.Region + ":" + s.options.Account + ":stream/" + name
}

func (s *Service) consumerARN(call wire.Call, stream string, c consumer) string {
	return s.streamARN(call, stream) + "/consumer/" + c.Name + ":" + strconv.FormatInt(c.CreatedMillis/1000, 10)
}

// parseARN reads an ARN of any partition and region. One of another account names
// nothing that is here.
func (s *Service) parseARN(arn string) (resource, error) {
	const arnParts = 6
	parts := strings.SplitN(arn, ":", arnParts)
	if len(parts) < arnParts || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "kinesis" {
		return resource{}, invalidArgument("%q is no ARN of a Kinesis stream or consumer", arn)
	}
	var r resource
	path := strings.Split(parts[5], "/")
	switch {
	case len(path) == 2 && path[0] == "stream":
		r.stream = path[1]
	case len(path) == 4 && path[0] == "stream" && path[2] == "consumer":
		name, created, ok := strings.Cut(path[3], ":")
		seconds, err := strconv.ParseInt(created, 10, 64)
		if !ok || err != nil {
			return resource{}, invalidArgument("%q is no ARN of a consumer: it ends in NAME:SECONDS", arn)
		}
		r = resource{path[1], name, seconds}
	default:
		return resource{}, invalidArgument("%q is no ARN of a Kinesis stream or consumer", arn)
	}
	if parts[4] != s.options.Account {
		return resource{}, wire.Errorf(codeNotFound, "%s is of account %s, which is not %s's", arn, parts[4], s.options.Account)
	}
	return r, nil
}

// name gives the stream that a call names.
func (s *Service) name(r streamRef) (string, error) {
	if r.StreamARN == nil {
		if r.StreamName == nil {
			return "", invalidArgument("either StreamName or StreamARN must be given")
		}
		return *r.StreamName, nil
	}
	res, err := s.parseARN(*r.StreamARN)
	if err != nil {
		return "", err
	}
	if r.StreamName != nil && *r.StreamName != res.stream {
		return "", invalidArgument("StreamName %s and StreamARN %s name different streams", *r.StreamName, *r.StreamARN)
	}
	return res.stream, nil
}
