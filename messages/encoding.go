package messages

import (
	"errors"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// What Django writes in front of each message, and behind a list that goes on in the
// next storage.
const (
	messageKey  = `"__json_message"`
	notFinished = `"__messagesnotfinished__"`
)

var errMalformed = errors.New("messages: a stored message cannot be read")

// item is one entry of a stored list: a message, or a value of a program's own under
// Django, which is kept until the list is used up and never shown.
type item struct {
	message Message
	foreign string // its JSON text; "" for a message
}

func itemsOf(list []Message) []item {
	items := make([]item, len(list))
	for i, m := range list {
		items[i].message = m
	}
	return items
}

// text is the item as JSON, with what the storage writes behind a comma.
func (i item) text(space string) string {
	if i.foreign != "" {
		return i.foreign
	}
	safe := "0"
	if i.message.Safe {
		safe = "1"
	}
	b := []byte("[" + messageKey + "," + space + safe + "," + space + strconv.Itoa(int(i.message.Level)) + "," + space)
	b = append(pyjson.Quote(b, i.message.Text), ","+space...)
	return string(append(pyjson.Quote(b, i.message.ExtraTags), ']'))
}

// texts are the items as a cookie has them (Django: MessagePartSerializer).
func texts(items []item) []string {
	parts := make([]string, len(items))
	for i, one := range items {
		parts[i] = one.text("")
	}
	return parts
}

// sessionText is the list as a session has it (Django: SessionStorage.serialize_messages).
func sessionText(items []item) string {
	parts := make([]string, len(items))
	for i, one := range items {
		parts[i] = one.text(" ")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// parse reads a stored list, and whether it is all there is.
func parse(text string) (items []item, all bool, err error) {
	parts, err := pyjson.ParseArray(text)
	if err != nil {
		return nil, false, err
	}
	all = true
	if n := len(parts); n > 0 && parts[n-1] == notFinished {
		parts, all = parts[:n-1], false
	}
	for _, part := range parts {
		one, err := parseItem(part)
		if err != nil {
			return nil, false, err
		}
		items = append(items, one)
	}
	return items, all, nil
}

// parseItem reads one entry: [key, safe, level, text] and perhaps tags.
func parseItem(part string) (item, error) {
	fields, err := pyjson.ParseArray(part)
	if err != nil || len(fields) == 0 || fields[0] != messageKey {
		return item{foreign: part}, nil
	}
	if len(fields) < 4 || len(fields) > 5 {
		return item{}, errMalformed
	}
	m := Message{Safe: fields[1] != "0" && fields[1] != "false"}
	text, isText := pyjson.Unquote(fields[3])
	level, err := strconv.Atoi(fields[2])
	if err != nil || !isText {
		return item{}, errMalformed
	}
	m.Level, m.Text = Level(level), text
	if len(fields) == 5 && fields[4] != "null" {
		if m.ExtraTags, isText = pyjson.Unquote(fields[4]); !isText {
			return item{}, errMalformed
		}
	}
	return item{message: m}, nil
}
