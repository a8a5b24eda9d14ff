package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/sobek"
)

// user is a virtual user: a runtime with its own copy of the script.
type user struct {
	runtime  *sobek.Runtime
	exports  *sobek.Object
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
	runtime := sobek.New()
	u := &user{runtime: runtime, test: t}
	u.scenario.name = scenario
	for name, value := range map[string]any{"__ENV": t.env, "console": u.console()} {
		if err := runtime.Set(name, value); err != nil {
			return nil, err
		}
	}
	wrapper, err := runtime.RunProgram(t.program)
	if err != nil {
		return nil, err
	}
	call, _ := sobek.AssertFunction(wrapper)
	module := runtime.NewObject()
	u.exports = runtime.NewObject()
	if err := module.Set("exports", u.exports); err != nil {
		return nil, err
	}
	if _, err := call(nil, module, u.exports, runtime.ToValue(u.require)); err != nil {
		return nil, err
	}
	u.exports = module.Get("exports").ToObject(runtime)
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
