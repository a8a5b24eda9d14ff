package main

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"time"
)

const (
	constantArrivalRate = "constant-arrival-rate"
	rampingArrivalRate  = "ramping-arrival-rate"
	perVUIterations     = "per-vu-iterations"
)

// options are k6's, as far as the script has them. Whole numbers have types of whole numbers: k6 refuses others.
type options struct {
	Scenarios  map[string]scenario `json:"scenarios"`
	Thresholds map[string][]string `json:"thresholds"`
	raw        map[string]any
}

type scenario struct {
	Executor        string  `json:"executor"`
	Exec            string  `json:"exec"`
	StartTime       string  `json:"startTime"`
	GracefulStop    string  `json:"gracefulStop"`
	TimeUnit        string  `json:"timeUnit"`
	Duration        string  `json:"duration"`
	MaxDuration     string  `json:"maxDuration"`
	Rate            int64   `json:"rate"`
	StartRate       int64   `json:"startRate"`
	PreAllocatedVUs int64   `json:"preAllocatedVUs"`
	VUs             int64   `json:"vus"`
	Iterations      int64   `json:"iterations"`
	Stages          []stage `json:"stages"`
}

type stage struct {
	Duration string `json:"duration"`
	Target   int64  `json:"target"`
}

// order names the scenarios in the order in which they start, those that switch faults before the calls.
func (o *options) order() []string {
	names := make([]string, 0, len(o.Scenarios))
	for name := range o.Scenarios {
		names = append(names, name)
	}
	start := func(i int) time.Duration {
		at, _ := time.ParseDuration(o.Scenarios[names[i]].StartTime)
		return at
	}
	rank := func(i int) string {
		if o.Scenarios[names[i]].Executor == perVUIterations {
			return ""
		}
		return names[i]
	}
	sort.Slice(names, func(i, j int) bool {
		return start(i) < start(j) || start(i) == start(j) && rank(i) < rank(j)
	})
	return names
}

var knownOptions = []string{"userAgent", "scenarios", "thresholds", "summaryTrendStats", "systemTags"}

// problems are those for which k6 would refuse the options, or warn of them.
func (o *options) problems(script *user, metrics *registry) []string {
	problems := []string{}
	complain := func(format string, arguments ...any) {
		problems = append(problems, fmt.Sprintf(format, arguments...))
	}
	for name := range o.raw {
		if !slices.Contains(knownOptions, name) {
			complain("unknown option: %s", name)
		}
	}
	for name, s := range o.Scenarios {
		if !script.has(s.Exec) {
			complain("%s: the script exports no function %s", name, s.Exec)
		}
		for _, problem := range s.problems() {
			complain("%s: %s", name, problem)
		}
	}
	for key, conditions := range o.Thresholds {
		name, _ := parse(key)
		for _, condition := range conditions {
			if !fits(metrics.kinds[name], condition) {
				complain("%s: no such threshold of a %s: %s", key, metrics.kinds[name], condition)
			}
		}
	}
	sort.Strings(problems)
	return problems
}

func (s scenario) problems() []string {
	problems := []string{}
	demand := func(ok bool, what string) {
		if !ok {
			problems = append(problems, what)
		}
	}
	demand(lasts(s.StartTime, 0), "startTime")
	switch s.Executor {
	case constantArrivalRate:
		demand(s.Rate > 0 && s.PreAllocatedVUs > 0, "rate and preAllocatedVUs must be positive")
		demand(lasts(s.Duration, time.Second), "a duration of at least a second")
	case rampingArrivalRate:
		demand(s.StartRate >= 0 && s.PreAllocatedVUs > 0, "startRate and preAllocatedVUs")
		demand(len(s.Stages) > 0, "stages")
		for _, stage := range s.Stages {
			demand(stage.Target >= 0 && lasts(stage.Duration, 0), "a stage's target and duration")
		}
	case perVUIterations:
		demand(s.VUs > 0 && s.Iterations > 0, "vus and iterations must be positive")
		demand(lasts(s.MaxDuration, time.Second), "maxDuration")
		return problems
	default:
		demand(false, "unknown executor "+s.Executor)
	}
	demand(lasts(s.TimeUnit, time.Nanosecond) && lasts(s.GracefulStop, 0), "timeUnit and gracefulStop")
	return problems
}

func lasts(text string, least time.Duration) bool {
	duration, err := time.ParseDuration(text)
	return err == nil && duration >= least
}

const compared = `(<=|>=|<|>|==|!=)\d+(\.\d+)?$`

// What can be asked of each type of metric.
// https://grafana.com/docs/k6/latest/using-k6/thresholds/#threshold-syntax
var grammars = map[string]*regexp.Regexp{
	counter: regexp.MustCompile(`^(count|rate)` + compared),
	rate:    regexp.MustCompile(`^rate` + compared),
	trend:   regexp.MustCompile(`^(avg|min|max|med|p\(\d+(\.\d+)?\))` + compared),
}

func fits(kind, condition string) bool {
	grammar, ok := grammars[kind]
	return ok && grammar.MatchString(condition)
}
