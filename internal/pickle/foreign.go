package pickle

import "fmt"

// foreign runs the operations on what is more than data. Nothing is looked up or
// called: each takes its operands off the stack and leaves a placeholder.
func (m *machine) foreign(op byte) (known bool, err error) {
	switch op {
	case opEmptyTuple:
		return true, m.push(tuple)
	case opTuple1:
		return true, m.replace(1, tuple)
	case opTuple2:
		return true, m.replace(2, tuple)
	case opTuple3:
		return true, m.replace(3, tuple)
	case opTuple:
		return true, m.replaceMark(tuple)
	case opEmptySet:
		return true, m.push(set)
	case opFrozenSet:
		return true, m.replaceMark(set)
	case opAddItems:
		return true, m.addItems()
	case opReduce, opNewObj:
		return true, m.call(1)
	case opNewObjEx:
		return true, m.call(2)
	case opBuild:
		return true, m.build()
	}
	return m.named(op)
}

// named runs the operations that name a class, a function or an outside object.
func (m *machine) named(op byte) (known bool, err error) {
	switch op {
	case opGlobal, opInst:
		return true, m.global(op == opInst)
	case opStackGlobal:
		return true, m.stackGlobal()
	case opObj:
		return true, m.replaceMark(object)
	case opPersID:
		if _, err := m.line(); err != nil {
			return true, err
		}
		return true, m.push(object)
	case opBinPersID:
		return true, m.replace(1, object)
	case opExt1:
		return true, m.extension(1)
	case opExt2:
		return true, m.extension(2)
	case opExt4:
		return true, m.extension(4)
	case opNextBuffer:
		return true, m.push(object)
	case opReadonlyBuffer:
		_, err := m.top()
		return true, err
	}
	return false, nil
}

// replace puts a placeholder for n values.
func (m *machine) replace(n int, by *node) error {
	for range n {
		if _, err := m.pop(); err != nil {
			return err
		}
	}
	return m.push(by)
}

func (m *machine) replaceMark(by *node) error {
	if _, err := m.popMark(); err != nil {
		return err
	}
	return m.push(by)
}

func (m *machine) addItems() error {
	if _, err := m.popMark(); err != nil {
		return err
	}
	return m.spoil()
}

// call drops the arguments; what was to be called stays, as the name of what
// the call would have made.
func (m *machine) call(arguments int) error {
	for range arguments {
		if _, err := m.pop(); err != nil {
			return err
		}
	}
	return m.spoil()
}

// build drops the state that an object was to get.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	return m.spoil()
}

// spoil ensures that the top of the stack is a placeholder.
func (m *machine) spoil() error {
	n, err := m.top()
	if err != nil {
		return err
	}
	switch n.kind {
	case isForeign:
	case isList, isDict: // it may be in the memo
		*n = *object
	default:
		m.stack[len(m.stack)-1] = object
	}
	return nil
}

// global names a class in the two lines that follow. INST also calls it, with
// what is above the last mark.
func (m *machine) global(inst bool) error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	if inst {
		if _, err := m.popMark(); err != nil {
			return err
		}
	}
	return m.class(module, name)
}

func (m *machine) stackGlobal() error {
	name, err := m.pop()
	if err != nil {
		return err
	}
	module, err := m.pop()
	if err != nil {
		return err
	}
	if name.kind != isText || module.kind != isText {
		return m.fail("the name of a class is no text")
	}
	return m.class(module.text, name.text)
}

// class pushes the placeholder of a class.
func (m *machine) class(module, name string) error {
	return m.add(node{kind: isForeign, text: fmt.Sprintf("%.40q.%.40q", module, name)})
}

func (m *machine) extension(size uint64) error {
	if _, err := m.uint(size); err != nil {
		return err
	}
	return m.push(object)
}
