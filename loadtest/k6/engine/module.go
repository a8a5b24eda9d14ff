package main

import "github.com/grafana/sobek"

// module is one of k6's own to the script: it has names, and all of them together as its default.
type module struct {
	exports map[string]any
}

func (m *module) Link() error {
	return nil
}

func (m *module) GetExportedNames(callback func([]string), _ ...sobek.ModuleRecord) bool {
	names := []string{"default"}
	for name := range m.exports {
		names = append(names, name)
	}
	callback(names)
	return true
}

func (m *module) ResolveExport(name string, _ ...sobek.ResolveSetElement) (*sobek.ResolvedBinding, bool) {
	if _, ok := m.exports[name]; !ok && name != "default" {
		return nil, false
	}
	return &sobek.ResolvedBinding{Module: m, BindingName: name}, false
}

func (m *module) Evaluate(runtime *sobek.Runtime) *sobek.Promise {
	promise, resolve, _ := runtime.NewPromise()
	if err := resolve(&instance{runtime, m.exports}); err != nil {
		panic(runtime.NewGoError(err))
	}
	return promise
}

// instance is a module in a runtime.
type instance struct {
	runtime *sobek.Runtime
	exports map[string]any
}

func (i *instance) GetBindingValue(name string) sobek.Value {
	if name == "default" {
		return i.runtime.ToValue(i.exports)
	}
	return i.runtime.ToValue(i.exports[name])
}
