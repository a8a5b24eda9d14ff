package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/sobek"
)

// user is a virtual user: a runtime with its own copy of the script.
type user struct {
	runtime  *sobek.Runtime
	exports  *sobek.Object
	modules  map[string]*module
	test     *test
	scenario struct {
		name      string
		start     time.Time
		iteration int
	}
}

// newUser evaluates the script. What is not a global here is none: Sobek has the language alone, and k6 adds
// __ENV and a console.
func (t *test) newUser(scenario string) (*user, error) {
	u := &user{runtime: sobek.New(), modules: map[string]*module{}, test: t}
	u.scenario.name = scenario
	for name, value := range map[string]any{"__ENV": t.env, "console": u.console()} {
		if err := u.runtime.Set(name, value); err != nil {
			return nil, err
		}
	}
	script, err := sobek.ParseModule("script.js", t.source, u.resolve)
	if err != nil {
		return nil, err
	}
	if err := script.Link(); err != nil {
		return nil, err
	}
	promise := u.runtime.CyclicModuleRecordEvaluate(script, u.resolve)
	if promise.State() != sobek.PromiseStateFulfilled {
		return nil, errors.New(promise.Result().String())
	}
	u.exports = u.runtime.NamespaceObjectFor(script)
	return u, nil
}

func (u *user) console() map[string]any {
	print := func(level string) func(sobek.FunctionCall) sobek.Value {
		return func(call sobek.FunctionCall) sobek.Value {
			words := []string{level + ":"}
			for _, argument := range call.Arguments {
				words = append(words, argument.String())
			}
			u.test.report.Console = append(u.test.report.Console, strings.Join(words, " "))
			return sobek.Undefined()
		}
	}
	return map[string]any{"info": print("info"), "warn": print("warn"), "error": print("error")}
}

// has tells whether the script exports a function of this name.
func (u *user) has(name string) bool {
	_, ok := sobek.AssertFunction(u.exports.Get(name))
	return ok
}

// call calls a function that the script exports; it is no error if there is none.
func (u *user) call(name string) error {
	_, err := u.result(name)
	return err
}

func (u *user) result(name string, arguments ...any) (sobek.Value, error) {
	function, ok := sobek.AssertFunction(u.exports.Get(name))
	if !ok {
		return sobek.Undefined(), nil
	}
	values := make([]sobek.Value, len(arguments))
	for i, argument := range arguments {
		values[i] = u.runtime.ToValue(argument)
	}
	return function(sobek.Undefined(), values...)
}

func (u *user) options() (*options, error) {
	text, err := json.Marshal(u.exports.Get("options"))
	if err != nil {
		return nil, err
	}
	made := &options{}
	if err := json.Unmarshal(text, made); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	return made, json.Unmarshal(text, &made.raw)
}
