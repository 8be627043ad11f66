package hooks

import "context"

type memoryKey struct{}

// WithMemory returns a context in which Once remembers. It is for one goroutine, and for a moment in
// which what is remembered cannot become wrong.
func WithMemory(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoryKey{}, map[any]any{})
}

// Once returns what f returned when it was called first with this key in a context of WithMemory. An
// error is not remembered. In other contexts it calls f each time.
func Once[T any](ctx context.Context, key any, f func() (T, error)) (T, error) {
	memory, _ := ctx.Value(memoryKey{}).(map[any]any)
	if known, ok := memory[key].(T); ok {
		return known, nil
	}
	v, err := f()
	if err == nil && memory != nil {
		memory[key] = v
	}
	return v, err
}
