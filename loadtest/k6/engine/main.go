// Engine runs the k6 script in Sobek, the JavaScript engine of k6, with small stand-ins for k6's own modules: real
// HTTP, but no schedule. It shows that the engine can run the script, and how the script behaves with a few calls of
// each scenario. It is not k6 and proves nothing about k6 itself.
//
// Usage: engine script.js <plan.json >report.json
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// plan is what the caller wants to see.
type plan struct {
	// Env becomes __ENV.
	Env map[string]string `json:"env"`
	// Iterations of each scenario; one that switches faults has a single one.
	Iterations int `json:"iterations"`
}

// report is what the script did.
type report struct {
	// Failure tells why the run ended early: an exception, or that the script aborted it.
	Failure string `json:"failure,omitempty"`
	// Problems are those that k6 would find in the options.
	Problems []string                  `json:"problems"`
	Options  map[string]any            `json:"options"`
	Console  []string                  `json:"console"`
	Metrics  map[string]map[string]any `json:"metrics"`
	// Files are what handleSummary returned.
	Files map[string]string `json:"files"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: engine script.js <plan.json")
	}
	source, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var wanted plan
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return err
	}
	made := report{Problems: []string{}, Console: []string{}}
	test := &test{source: string(source), env: wanted.Env, registry: newRegistry(), report: &made}
	if err := test.execute(wanted.Iterations); err != nil {
		made.Failure = err.Error()
	}
	return json.NewEncoder(os.Stdout).Encode(made)
}

// test is one run of the script.
type test struct {
	// source is a module that imports nothing but k6's own.
	source   string
	env      map[string]string
	registry *registry
	report   *report
}

// execute goes through the life of a k6 test. Each scenario has a runtime of its own, as k6's virtual users do.
func (t *test) execute(iterations int) error {
	first, err := t.newUser("")
	if err != nil {
		return err
	}
	options, err := first.options()
	if err != nil {
		return err
	}
	t.report.Options = options.raw
	t.report.Problems = options.problems(first, t.registry)
	t.registry.declare(options.Thresholds)
	if err := first.call("setup"); err != nil {
		return err
	}
	started := time.Now()
	for _, name := range options.order() {
		if err := t.runScenario(name, options.Scenarios[name], iterations); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := first.call("teardown"); err != nil {
		return err
	}
	return t.summarize(time.Since(started))
}

func (t *test) runScenario(name string, scenario scenario, iterations int) error {
	user, err := t.newUser(name)
	if err != nil {
		return err
	}
	if scenario.Executor == perVUIterations {
		iterations = 1
	}
	user.scenario.start = time.Now()
	for n := range iterations {
		user.scenario.iteration = n
		if err := user.call(scenario.Exec); err != nil {
			return err
		}
	}
	return nil
}

func (t *test) summarize(took time.Duration) error {
	user, err := t.newUser("")
	if err != nil {
		return err
	}
	t.report.Metrics = t.registry.values(took)
	metrics := map[string]any{}
	for key, values := range t.report.Metrics {
		metrics[key] = map[string]any{"values": values}
	}
	state := map[string]any{"testRunDurationMs": float64(took) / float64(time.Millisecond)}
	files, err := user.result("handleSummary", map[string]any{"metrics": metrics, "state": state})
	if err != nil {
		return err
	}
	return user.runtime.ExportTo(files, &t.report.Files)
}
