package main

import (
	"math"
	"sort"
	"strings"
	"time"
)

// The types of metrics.
const (
	counter = "counter"
	rate    = "rate"
	trend   = "trend"
)

type sample struct {
	metric string
	value  float64
	tags   map[string]string
}

// registry keeps all samples: a run of the test has few.
type registry struct {
	kinds   map[string]string
	series  map[string]bool
	samples []sample
}

func newRegistry() *registry {
	// k6 has this one itself.
	return &registry{kinds: map[string]string{"dropped_iterations": counter}, series: map[string]bool{}}
}

func (r *registry) add(s sample) {
	r.samples = append(r.samples, s)
}

// declare makes series of the keys of thresholds; k6 shows those even if they stay empty.
func (r *registry) declare(thresholds map[string][]string) {
	for key := range thresholds {
		r.series[key] = true
	}
}

// parse splits name{tag:value,…}.
func parse(key string) (name string, tags map[string]string) {
	name, rest, _ := strings.Cut(strings.TrimSuffix(key, "}"), "{")
	tags = map[string]string{}
	for pair := range strings.SplitSeq(rest, ",") {
		if tag, value, ok := strings.Cut(pair, ":"); ok {
			tags[tag] = value
		}
	}
	return name, tags
}

func (s sample) isIn(name string, tags map[string]string) bool {
	for tag, value := range tags {
		if s.tags[tag] != value {
			return false
		}
	}
	return s.metric == name
}

// values aggregates the series that were declared, and metrics without tags that have samples.
func (r *registry) values(took time.Duration) map[string]map[string]any {
	all := map[string]map[string]any{}
	for key := range r.series {
		all[key] = r.aggregate(key, took)
	}
	for _, s := range r.samples {
		if all[s.metric] == nil {
			all[s.metric] = r.aggregate(s.metric, took)
		}
	}
	return all
}

func (r *registry) aggregate(key string, took time.Duration) map[string]any {
	name, tags := parse(key)
	values := []float64{}
	sum := 0.0
	for _, s := range r.samples {
		if s.isIn(name, tags) {
			values = append(values, s.value)
			sum += s.value
		}
	}
	count := float64(len(values))
	switch r.kinds[name] {
	case counter:
		return map[string]any{"count": sum, "rate": sum / took.Seconds()}
	case rate:
		return map[string]any{"rate": sum / math.Max(1, count), "passes": sum, "fails": count - sum}
	default:
		sort.Float64s(values)
		return map[string]any{
			"count": count, "avg": sum / math.Max(1, count),
			"min": quantile(values, 0), "med": quantile(values, 0.5), "p(90)": quantile(values, 0.9),
			"p(95)": quantile(values, 0.95), "p(99)": quantile(values, 0.99), "max": quantile(values, 1),
		}
	}
}

// quantile interpolates between the two nearest of the sorted values; without values it is 0, as in k6.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at := share * float64(len(values)-1)
	low := math.Floor(at)
	return values[int(low)] + (values[int(math.Ceil(at))]-values[int(low)])*(at-low)
}
