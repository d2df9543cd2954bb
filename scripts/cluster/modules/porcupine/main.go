// Command porcupine asks whether a history of test/cluster/exact is linearizable: whether each delivery and each write of somebody
// else can be put at one moment between its beginning and its end, so that each found the count that the one before it left.
//
// The checker is Porcupine. The model below is written apart from the product, and from the checker in test/cluster/exact.
//
// Usage: porcupine FILE. Exits with 0 if the history is linearizable, with 1 if it is not, with 2 if it cannot tell.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

// After this many milliseconds, a delivery of which no sender was told is not made any more.
const lateMs = 20_000

// How long one target may take to check.
const patience = 5 * time.Minute

type hook struct {
	Name, Target, Action, Overshoot string
	By, Min, Max                    int
	Least, Most                     *int
}

type version struct {
	Target, ResourceVersion string
	Count                   int
}

type answer struct {
	Status          int
	Reason, Message string
	From, To        *int
}

type attempt struct {
	Hook, Name      string
	SentAt, EndedAt int64
	Answer          *answer
}

type outside struct {
	Target, Base, Made string
	To                 int
	SentAt, EndedAt    int64
}

// One line of a history. Lines of another kind have none of these members.
type line struct {
	Hook    *hook
	Version *version
	Attempt *attempt
	Outside *outside
}

// What an operation asks for: a step of a hook, a write of a count over another one, or a look at the count.
type input struct {
	target string
	step   *hook
	over   int
	write  *int
}

// What was told of an operation. Without `known` it may have been made, or not.
type output struct {
	known    bool
	from, to int
	refused  bool
}

// Returns what a hook makes of a count, and false if it refuses to.
func (h *hook) next(count int) (int, bool) {
	bound, sign := h.Max, 1
	if h.Most != nil && *h.Most < bound {
		bound = *h.Most
	}
	if h.Action == "down" {
		bound, sign = h.Min, -1
		if h.Least != nil && *h.Least > bound {
			bound = *h.Least
		}
	}
	if (bound-count)*sign <= 0 {
		return count, true
	}
	next := count + sign*h.By
	if (bound-next)*sign >= 0 {
		return next, true
	}
	return bound, h.Overshoot != "reject"
}

// Returns the counts that an operation may leave. There is none if what was told of it cannot be.
func after(count int, asked input, told output) []interface{} {
	if told.known && told.from != count {
		return nil
	}
	if asked.step == nil && asked.write == nil {
		return []interface{}{count}
	}
	made, isMade := count, true
	if asked.step != nil {
		made, isMade = asked.step.next(count)
	} else if count == asked.over {
		made = *asked.write
	} else {
		isMade = false
	}
	switch {
	case !told.known && !isMade:
		return []interface{}{count}
	case !told.known:
		return []interface{}{count, made}
	case told.refused != !isMade || (isMade && made != told.to):
		return nil
	case told.refused:
		return []interface{}{count}
	}
	return []interface{}{made}
}

var toldOfCopy = regexp.MustCompile(`the count went from (\d+) to (\d+)$`)

// Returns what an attempt was told of its delivery's step: false if nothing.
func (a *attempt) served() (output, bool) {
	told := a.Answer
	if told == nil || told.Status != 200 {
		return output{}, false
	}
	if told.Reason == "Duplicate" {
		found := toldOfCopy.FindStringSubmatch(told.Message)
		if found == nil {
			return output{}, false
		}
		from, _ := strconv.Atoi(found[1])
		to, _ := strconv.Atoi(found[2])
		return output{known: true, from: from, to: to}, true
	}
	if told.From == nil || told.To == nil {
		return output{}, false
	}
	return output{known: true, from: *told.From, to: *told.To}, true
}

// Returns the operations of one delivery: all its copies make one step, and each of them can be refused.
func operationsOf(h *hook, copies []*attempt) ([]porcupine.Operation, error) {
	asked := input{target: h.Target, step: h}
	whole := porcupine.Operation{Input: asked, Call: math.MaxInt64, Output: output{}}
	var refused []porcupine.Operation
	known, open := math.MaxInt64, -1
	for _, each := range copies {
		whole.Call = min(whole.Call, each.SentAt)
		if told, ok := each.served(); ok {
			if known != math.MaxInt64 && whole.Output != told {
				return nil, fmt.Errorf("%s %s: its copies were told of different steps", h.Name, each.Name)
			}
			whole.Output, known = told, min(known, int(each.EndedAt))
			continue
		}
		switch {
		case each.Answer == nil, each.Answer.Status == 503 && each.Name != "":
			open = max(open, int(each.EndedAt))
		case each.Answer.Status == 409 && each.Answer.From != nil:
			told := output{known: true, from: *each.Answer.From, refused: true}
			refused = append(refused, porcupine.Operation{Input: asked, Call: each.SentAt, Output: told, Return: each.EndedAt})
		case each.Answer.Status != 503:
			return nil, fmt.Errorf("%s: unexpected answer %d %s", h.Name, each.Answer.Status, each.Answer.Reason)
		}
	}
	switch {
	case known != math.MaxInt64:
		whole.Return = int64(known)
	case open >= 0:
		whole.Return = int64(open) + lateMs
	default:
		return refused, nil
	}
	return append(refused, whole), nil
}

// A target, with what was asked for and seen of it.
type target struct {
	name       string
	versions   []version
	operations []porcupine.Operation
}

func read(path string) (map[string]*target, int, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	hooks := map[string]*hook{}
	targets := map[string]*target{}
	deliveries := map[string][]*attempt{}
	var writes []*outside
	of := func(name string) *target {
		if targets[name] == nil {
			targets[name] = &target{name: name}
		}
		return targets[name]
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	posts := 0
	for lines.Scan() {
		var entry line
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return nil, 0, err
		}
		switch {
		case entry.Hook != nil:
			hooks[entry.Hook.Name] = entry.Hook
		case entry.Version != nil:
			of(entry.Version.Target).versions = append(of(entry.Version.Target).versions, *entry.Version)
		case entry.Outside != nil:
			writes = append(writes, entry.Outside)
		case entry.Attempt != nil:
			posts++
			name := entry.Attempt.Hook + " " + entry.Attempt.Name
			if entry.Attempt.Name == "" {
				name += strconv.Itoa(posts)
			}
			deliveries[name] = append(deliveries[name], entry.Attempt)
		}
	}
	for _, copies := range deliveries {
		h := hooks[copies[0].Hook]
		if h == nil {
			return nil, 0, fmt.Errorf("there is no hook %s", copies[0].Hook)
		}
		found, err := operationsOf(h, copies)
		if err != nil {
			return nil, 0, err
		}
		of(h.Target).operations = append(of(h.Target).operations, found...)
	}
	for _, write := range writes {
		if err := of(write.Target).add(write); err != nil {
			return nil, 0, err
		}
	}
	return targets, posts, lines.Err()
}

// Adds somebody else's write, which is made over one version of the target and over no other.
func (t *target) add(write *outside) error {
	over := slices.IndexFunc(t.versions, func(v version) bool { return v.ResourceVersion == write.Base })
	if over < 0 {
		return fmt.Errorf("%s: nobody saw version %s", t.name, write.Base)
	}
	base := t.versions[over].Count
	operation := porcupine.Operation{
		Input:  input{target: t.name, over: base, write: &write.To},
		Call:   write.SentAt,
		Output: output{known: write.Made != "", from: base, to: write.To},
		Return: write.EndedAt,
	}
	if write.Made == "" {
		operation.Return += lateMs
	}
	t.operations = append(t.operations, operation)
	return nil
}

// Asks Porcupine whether a target's operations are linearizable. The last one is a look at the count that it ended with.
func (t *target) check() (porcupine.CheckResult, error) {
	if len(t.versions) == 0 {
		return porcupine.Unknown, errors.New(t.name + ": nobody saw a version")
	}
	number := func(v version) uint64 {
		n, _ := strconv.ParseUint(v.ResourceVersion, 10, 64)
		return n
	}
	slices.SortFunc(t.versions, func(a, b version) int { return int(number(a)) - int(number(b)) })
	first, last := t.versions[0].Count, t.versions[len(t.versions)-1].Count
	end := int64(0)
	for _, each := range t.operations {
		end = max(end, each.Return)
	}
	look := porcupine.Operation{Input: input{target: t.name}, Call: end + 1, Output: output{known: true, from: last}, Return: end + 2}
	model := porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{first} },
		Step: func(state, asked, told interface{}) []interface{} {
			return after(state.(int), asked.(input), told.(output))
		},
	}
	operations := append(slices.Clone(t.operations), look)
	return porcupine.CheckOperationsTimeout(model.ToModel(), operations, patience), nil
}

func run(path string) (int, error) {
	targets, posts, err := read(path)
	if err != nil {
		return 2, err
	}
	worst, operations, open := 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		each := targets[name]
		result, err := each.check()
		if err != nil {
			return 2, err
		}
		operations += len(each.operations)
		for _, operation := range each.operations {
			if !operation.Output.(output).known {
				open++
			}
		}
		switch result {
		case porcupine.Illegal:
			fmt.Printf("%s is not linearizable (%d operations)\n", name, len(each.operations))
			worst = 1
		case porcupine.Unknown:
			fmt.Printf("%s cannot be told within %s (%d operations)\n", name, patience, len(each.operations))
			if worst == 0 {
				worst = 2
			}
		}
	}
	verdict := [...]string{"linearizable", "not linearizable", "not decided"}[worst]
	fmt.Printf("%d posts, %d operations on %d targets, %d of unknown outcome: %s\n", posts, operations, len(targets), open, verdict)
	return worst, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: porcupine FILE")
		os.Exit(2)
	}
	status, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "porcupine:", err)
	}
	os.Exit(status)
}
