// The small readers that tasks.go and options.go are made of: a number, a duration, a command line. Each refuses anything
// but the whole text.

package main

import (
	"errors"
	"strings"
)

// longestUs is the longest duration, 1,000 hours, in microseconds.
const longestUs = uint64(1000) * 3600 * 1000000

// parseCount reads a number of at most most, without sign.
func parseCount(text string, most uint64) (uint64, bool) {
	value := uint64(0)
	for n := 0; n < len(text); n++ {
		if text[n] < '0' || text[n] > '9' {
			return 0, false
		}
		digit := uint64(text[n] - '0')
		if digit > most || value > (most-digit)/10 {
			return 0, false
		}
		value = value*10 + digit
	}
	return value, text != ""
}

var units = map[string]uint64{"us": 1, "ms": 1000, "s": 1000000, "m": 60000000, "h": 3600000000}

// parseDuration reads "250ms", "1.5s" or "0" as microseconds. At most 1000 hours.
func parseDuration(text string) (uint64, bool) {
	if text == "0" {
		return 0, true
	}
	// Kept as value / scale, so that 1.5s is exact and needs no floating point.
	value, scale, point, digits := uint64(0), uint64(1), false, false
	n := 0
	for ; n < len(text) && ((text[n] >= '0' && text[n] <= '9') || (text[n] == '.' && !point)); n++ {
		if text[n] == '.' {
			point = true
			continue
		}
		if value > 100000000 || scale > 100000 {
			return 0, false
		}
		value = value*10 + uint64(text[n]-'0')
		if point {
			scale *= 10
		}
		digits = true
	}
	unit := units[text[n:]]
	if !digits || unit == 0 || value > longestUs/unit*scale {
		return 0, false
	}
	return value * unit / scale, true
}

// parseCommand cuts a command line at its blanks; '…' and "…" keep them, \ keeps the next character (not within '…').
// The error says what was expected.
func parseCommand(text string) ([]string, error) {
	var arguments []string
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" {
			break
		}
		argument, rest, err := takeArgument(text)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
		text = rest
	}
	if len(arguments) == 0 || arguments[0] == "" {
		return nil, errors.New("a program")
	}
	return arguments, nil
}

func takeArgument(text string) (argument, rest string, err error) {
	var out []byte
	quote := byte(0)
	n := 0
	for ; n < len(text) && (quote != 0 || (text[n] != ' ' && text[n] != '\t')); n++ {
		switch char := text[n]; {
		case quote == 0 && (char == '\'' || char == '"'):
			quote = char
		case quote != 0 && char == quote:
			quote = 0
		case char == '\\' && quote != '\'':
			n++
			if n == len(text) {
				return "", "", errors.New("a character after \\")
			}
			out = append(out, text[n])
		default:
			out = append(out, char)
		}
	}
	if quote != 0 {
		return "", "", errors.New("a closing " + string(rune(quote)))
	}
	return string(out), text[n:], nil
}
