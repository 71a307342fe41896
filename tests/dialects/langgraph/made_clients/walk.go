// Calls every operation of the client that openapi-generator makes of the API of 2024.
//
//	walk BASE_URL
//
// The server serves the graphs of tests/process with `--compat 2024`. Prints the operations that
// were called, and those that the client knows, as JSON; ends at the first answer that is wrong.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"

	api "walk/client"
)

const unknown = "00000000-0000-0000-0000-000000000000"

type object = map[string]interface{}

var ctx = context.Background()

// What a call must give: its answer, without an error.
func got[T any](answer T, _ *http.Response, err error) T {
	if err != nil {
		body := []byte{}
		if refusal, ok := err.(*api.GenericOpenAPIError); ok {
			body = refusal.Body()
		}
		panic(fmt.Sprintf("%v: %s", err, body))
	}
	return answer
}

// The status with which a call is refused, which says why in `detail`.
func refused[T any](_ T, response *http.Response, err error) int {
	refusal, ok := err.(*api.GenericOpenAPIError)
	var body struct{ Detail string }
	if !ok || json.Unmarshal(refusal.Body(), &body) != nil || body.Detail == "" {
		panic(fmt.Sprintf("not refused with a detail: %v", err))
	}
	return response.StatusCode
}

func same(what string, is, wanted interface{}) {
	left, _ := json.Marshal(is)
	right, _ := json.Marshal(wanted)
	if string(left) != string(right) {
		panic(fmt.Sprintf("%s: %s, not %s", what, left, right))
	}
}

func has(what, text string, parts ...string) {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			panic(fmt.Sprintf("%s: no %q in %q", what, part, text))
		}
	}
}

func ref[T any](value T) *T { return &value }

func notes(items ...string) object { return object{"items": items} }

// A run of a graph, as the client's constructor makes it: with all defaults filled in.
func run(graph string, input object) api.RunCreateStateful {
	made := api.NewRunCreateStateful(api.RunCreateStatefulAssistantId{String: &graph})
	made.Input = input
	return *made
}

func alone(graph string, input object) api.RunCreateStateless {
	made := api.NewRunCreateStateless(api.RunCreateStatefulAssistantId{String: &graph})
	made.Input = input
	return *made
}

func newThread(client *api.APIClient) string {
	body := *api.NewThreadCreate()
	return got(client.ThreadsAPI.CreateThreadThreadsPost(ctx).ThreadCreate(body).Execute()).ThreadId
}

func valuesOf(state api.ThreadState) object { return *state.Values.MapmapOfStringAny }

func assistants(client *api.APIClient) {
	its := client.AssistantsAPI
	body := api.NewAssistantCreate("nested")
	body.Metadata, body.Name = object{"walk": "go"}, ref("mine")
	made := got(its.CreateAssistantAssistantsPost(ctx).AssistantCreate(*body).Execute())
	id := made.AssistantId
	body.AssistantId = &id
	same("taken", refused(its.CreateAssistantAssistantsPost(ctx).AssistantCreate(*body).Execute()), 409)
	same("read", got(its.GetAssistantAssistantsAssistantIdGet(ctx, id).Execute()), made)
	search := api.AssistantSearchRequest{Metadata: object{"walk": "go"}, GraphId: ref("nested")}
	same("found", got(its.SearchAssistantsAssistantsSearchPost(ctx).AssistantSearchRequest(search).Execute()), []interface{}{made})
	patch := api.AssistantPatch{Config: object{"tags": []string{"t"}}, Metadata: object{"more": 1}}
	changed := got(its.PatchAssistantAssistantsAssistantIdPatch(ctx, id).AssistantPatch(patch).Execute())
	same("changed", []interface{}{changed.Config.Tags, *changed.Version}, []interface{}{[]string{"t"}, 2})
	versions := got(its.GetAssistantVersionsAssistantsAssistantIdVersionsGet(ctx, id).Execute())
	same("versions, asked for without a body", []int32{*versions[0].Version, *versions[1].Version}, []int{2, 1})
	latest := its.SetLatestAssistantVersionAssistantsAssistantIdVersionsPost(ctx, id)
	same("chosen", got(latest.Version(1).Execute()).Version, 1)
	same("no such version", refused(latest.Version(9).Execute()), 404)
	drawn := *got(its.GetAssistantGraphAssistantsAssistantIdGraphGet(ctx, id).Xray(true).Execute())
	same("drawn", []bool{len(drawn["nodes"]) > 0, len(drawn["edges"]) > 0}, []bool{true, true})
	same("schemas", got(its.GetAssistantSchemasAssistantsAssistantIdSchemasGet(ctx, id).Execute()).GraphId, "nested")
	inner := *got(its.GetAssistantSubgraphsAssistantsAssistantIdSubgraphsGet(ctx, id).Recurse(true).Execute())
	has("subgraphs", fmt.Sprint(inner["outer"].StateSchema), "asked")
	one := got(its.GetAssistantSubgraphsAssistantsAssistantIdSubgraphsNamespaceGet(ctx, id, "outer").Execute())
	same("subgraph", one, inner)
	same("deleted", got(its.DeleteAssistantAssistantsAssistantIdDelete(ctx, id).Execute()), object{})
	same("gone", refused(its.GetAssistantAssistantsAssistantIdGet(ctx, id).Execute()), 404)
}

func threads(client *api.APIClient) {
	its := client.ThreadsAPI
	create := api.ThreadCreate{Metadata: object{"walk": "go"}, IfExists: ref("raise")}
	made := got(its.CreateThreadThreadsPost(ctx).ThreadCreate(create).Execute())
	id := made.ThreadId
	create.ThreadId = &id
	same("taken", refused(its.CreateThreadThreadsPost(ctx).ThreadCreate(create).Execute()), 409)
	got(client.ThreadRunsAPI.WaitRunThreadsThreadIdRunsWaitPost(ctx, id).RunCreateStateful(run("echo", notes("in"))).Execute())
	patch := api.ThreadPatch{Metadata: object{"more": 1}}
	same("changed", got(its.PatchThreadThreadsThreadIdPatch(ctx, id).ThreadPatch(patch).Execute()).Metadata["more"], 1)
	read := got(its.GetThreadThreadsThreadIdGet(ctx, id).Execute())
	same("read", []interface{}{read.Status, read.Values}, []interface{}{"idle", notes("in", "a", "b")})
	search := api.ThreadSearchRequest{Metadata: object{"walk": "go"}, Status: ref("idle"), Limit: ref(int32(1))}
	same("found", got(its.SearchThreadsThreadsSearchPost(ctx).ThreadSearchRequest(search).Execute()), []interface{}{read})
	states(client, id)
	copied := got(its.CopyThreadPostThreadsThreadIdCopyPost(ctx, id).Execute()).ThreadId
	for _, each := range []string{id, copied} {
		same("deleted", got(its.DeleteThreadThreadsThreadIdDelete(ctx, each).Execute()), object{})
		same("gone", refused(its.GetThreadThreadsThreadIdGet(ctx, each).Execute()), 404)
	}
}

func states(client *api.APIClient, thread string) {
	its := client.ThreadsAPI
	state := got(its.GetLatestThreadStateThreadsThreadIdStateGet(ctx, thread).Execute())
	same("state", valuesOf(*state), notes("in", "a", "b"))
	history := got(its.GetThreadHistoryThreadsThreadIdHistoryGet(ctx, thread).Execute())
	same("history", []interface{}{len(history), history[0]}, []interface{}{4, state})
	same("before all", history[3].ParentCheckpoint, nil)
	second := *history[1].Checkpoint.CheckpointId
	earlier := got(its.GetThreadHistoryThreadsThreadIdHistoryGet(ctx, thread).Limit(2).Before(second).Execute())
	same("before", earlier, history[2:])
	search := api.ThreadStateSearch{Limit: ref(int32(1)), Before: &state.Checkpoint}
	found := got(its.GetThreadHistoryPostThreadsThreadIdHistoryPost(ctx, thread).ThreadStateSearch(search).Execute())
	same("before a checkpoint", found, history[1:2])
	at := api.ThreadStateCheckpointRequest{Checkpoint: history[1].Checkpoint}
	same("at a checkpoint", got(its.PostThreadStateAtCheckpointThreadsThreadIdStateCheckpointIdGet(ctx, thread).ThreadStateCheckpointRequest(at).Execute()), history[1])
	values := api.NewNullableValues1(&api.Values1{MapmapOfStringAny: ref(notes("u"))})
	update := api.ThreadStateUpdate{Values: *values, AsNode: ref("b"), Checkpoint: &history[1].Checkpoint}
	made := got(its.UpdateThreadStateThreadsThreadIdStatePost(ctx, thread).ThreadStateUpdate(update).Execute())
	now := got(its.GetLatestThreadStateThreadsThreadIdStateGet(ctx, thread).Execute())
	same("updated", []interface{}{valuesOf(*now), *now.Checkpoint.CheckpointId}, []interface{}{notes("in", "a", "u"), made.Checkpoint["checkpoint_id"]})
}

func runs(client *api.APIClient) {
	its, thread := client.ThreadRunsAPI, newThread(client)
	made := got(its.CreateRunThreadsThreadIdRunsPost(ctx, thread).RunCreateStateful(run("echo", notes("in"))).Execute())
	same("made", []string{made.ThreadId, made.MultitaskStrategy}, []string{thread, "reject"})
	joined := got(its.JoinRunHttpThreadsThreadIdRunsRunIdJoinGet(ctx, thread, made.RunId).CancelOnDisconnect(false).Execute())
	same("joined", joined, notes("in", "a", "b"))
	done := got(its.GetRunHttpThreadsThreadIdRunsRunIdGet(ctx, thread, made.RunId).Execute())
	same("done", done.Status, "success")
	listed := its.ListRunsHttpThreadsThreadIdRunsGet(ctx, thread).Limit(5).Offset(0)
	same("listed", got(listed.Status("success").Execute()), []interface{}{done})
	same("none failed", got(listed.Status("error").Execute()), []interface{}{})
	streams(client, thread)
	cancels(client, thread)
	questions(client)
	same("deleted", got(its.DeleteRunThreadsThreadIdRunsRunIdDelete(ctx, thread, made.RunId).Execute()), object{})
	same("gone", refused(its.GetRunHttpThreadsThreadIdRunsRunIdGet(ctx, thread, made.RunId).Execute()), 404)
	missing := its.WaitRunThreadsThreadIdRunsWaitPost(ctx, unknown).RunCreateStateful(run("echo", notes("in")))
	same("no thread", refused(missing.Execute()), 404)
}

func streams(client *api.APIClient, thread string) {
	its := client.ThreadRunsAPI
	body := run("slow", object{"n": 2})
	body.StreamMode = &api.StreamMode{ArrayOfString: &[]string{"values", "custom"}}
	text := got(its.StreamRunThreadsThreadIdRunsStreamPost(ctx, thread).RunCreateStateful(body).Execute())
	has("streamed", text, "event: metadata", "event: values", `{"tick":1}`, `{"tick":"done"}`)
	slow := got(its.CreateRunThreadsThreadIdRunsPost(ctx, thread).RunCreateStateful(run("slow", object{"n": 4})).Execute())
	text = got(its.StreamRunHttpThreadsThreadIdRunsRunIdJoinGet(ctx, thread, slow.RunId).Execute())
	has("joined", text, "event: values", `"done"`)
	same("no run", refused(its.StreamRunHttpThreadsThreadIdRunsRunIdJoinGet(ctx, thread, unknown).Execute()), 404)
}

func cancels(client *api.APIClient, thread string) {
	its := client.ThreadRunsAPI
	create := its.CreateRunThreadsThreadIdRunsPost(ctx, thread).RunCreateStateful(run("slow", object{"n": 9000}))
	slow := got(create.Execute())
	same("busy", refused(create.Execute()), 409)
	cancel := its.CancelRunHttpThreadsThreadIdRunsRunIdCancelPost(ctx, thread, slow.RunId)
	same("cancelled", got(cancel.Wait(true).Action("interrupt").Execute()), object{})
	same("interrupted", got(its.GetRunHttpThreadsThreadIdRunsRunIdGet(ctx, thread, slow.RunId).Execute()).Status, "interrupted")
	slow = got(create.Execute())
	cancel = its.CancelRunHttpThreadsThreadIdRunsRunIdCancelPost(ctx, thread, slow.RunId)
	same("rolled back", got(cancel.Wait(true).Action("rollback").Execute()), object{})
	same("gone", refused(its.GetRunHttpThreadsThreadIdRunsRunIdGet(ctx, thread, slow.RunId).Execute()), 404)
}

func questions(client *api.APIClient) {
	its, thread := client.ThreadRunsAPI, newThread(client)
	asked := got(its.WaitRunThreadsThreadIdRunsWaitPost(ctx, thread).RunCreateStateful(run("hitl", notes("in"))).Execute())
	has("asked", fmt.Sprint(asked), "__interrupt__", "Go on?")
	state := got(client.ThreadsAPI.GetLatestThreadStateThreadsThreadIdStateGet(ctx, thread).Execute())
	same("waits", []interface{}{state.Next, state.Tasks[0].Name, len(state.Tasks[0].Interrupts)}, []interface{}{[]string{"ask"}, "ask", 1})
	answer := run("hitl", nil)
	resume := api.NewNullableResume(&api.Resume{String: ref("yes")})
	answer.Command = *api.NewNullableCommand(&api.Command{Resume: *resume})
	values := got(its.WaitRunThreadsThreadIdRunsWaitPost(ctx, thread).RunCreateStateful(answer).Execute())
	same("answered", values, notes("in", "asked", "answer yes"))
}

func stateless(client *api.APIClient) {
	its := client.StatelessRunsAPI
	body := alone("echo", notes("in"))
	same("waited", got(its.WaitRunStatelessRunsWaitPost(ctx).RunCreateStateless(body).Execute()), notes("in", "a", "b"))
	has("streamed", got(its.StreamRunStatelessRunsStreamPost(ctx).RunCreateStateless(body).Execute()), "event: metadata", `["in","a","b"]`)
	made := got(its.RunStatelessRunsPost(ctx).RunCreateStateless(body).Execute())
	has("created", fmt.Sprint(made), "run_id")
	batch := []api.RunCreateStateless{body, alone("sync", notes("in"))}
	same("batch", len(got(its.RunBatchStatelessRunsPost(ctx).RunCreateStateless(batch).Execute()).([]interface{})), 2)
	bad := alone("none", notes("in"))
	same("no graph", refused(its.WaitRunStatelessRunsWaitPost(ctx).RunCreateStateless(bad).Execute()), 422)
}

func crons(client *api.APIClient) {
	its, thread := client.CronsEnterpriseOnlyAPI, newThread(client)
	body := *api.NewCronCreate("0 0 1 1 *", api.CronCreateAssistantId{String: ref("echo")})
	body.Input = &api.Input{MapmapOfStringAny: ref(notes("in"))}
	bound := got(its.CreateThreadCronThreadsThreadIdRunsCronsPost(ctx, thread).CronCreate(body).Execute())
	same("bound", []string{bound.ThreadId, bound.Schedule}, []string{thread, "0 0 1 1 *"})
	free := got(its.CreateCronRunsCronsPost(ctx).CronCreate(body).Execute())
	search := api.CronSearch{ThreadId: &thread, Limit: ref(int32(5))}
	same("found", got(its.SearchCronsRunsCronsPost(ctx).CronSearch(search).Execute()), []interface{}{bound})
	for _, each := range []string{bound.CronId, free.CronId} {
		same("deleted", got(its.DeleteCronRunsCronsCronIdDelete(ctx, each).Execute()), object{})
	}
	body.Schedule = "never"
	same("no schedule", refused(its.CreateCronRunsCronsPost(ctx).CronCreate(body).Execute()), 422)
}

func items(client *api.APIClient) {
	its, place := client.StoreAPI, []string{"walk", "go"}
	put := *api.NewStorePutRequest(place, "k", object{"colour": "blue"})
	done(its.PutItem(ctx).StorePutRequest(put).Execute())
	item := got(its.GetItem(ctx).Key("k").Namespace(place).Execute())
	same("read, by a repeated namespace", []interface{}{item.Namespace, item.Value}, []interface{}{place, put.Value})
	search := api.StoreSearchRequest{NamespacePrefix: []string{"walk"}, Filter: object{"colour": "blue"}}
	same("found", got(its.SearchItems(ctx).StoreSearchRequest(search).Execute()).Items[0].Key, "k")
	listed := api.StoreListNamespacesRequest{Prefix: []string{"walk"}}
	namespaces(its.ListNamespaces(ctx).StoreListNamespacesRequest(listed).Execute())
	gone := api.StoreDeleteRequest{Namespace: place, Key: "k"}
	done(its.DeleteItem(ctx).StoreDeleteRequest(gone).Execute())
	same("gone", got(its.GetItem(ctx).Key("k").Namespace(place).Execute()), nil)
}

func done(response *http.Response, err error) {
	got(object{}, response, err)
	same("done", response.StatusCode, 204)
}

// The document says a list, the servers of the time and their SDKs an object around it: the
// client cannot read it, but has the body at hand.
func namespaces(_ [][]string, response *http.Response, err error) {
	body, _ := io.ReadAll(response.Body)
	same("namespaces", []interface{}{string(body), err != nil}, []interface{}{`{"namespaces":[["walk","go"]]}`, true})
}

// Notes which operations send requests.
type recorder struct{ called map[string]bool }

func (it recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if _, name, found := strings.Cut(frame.Function, "APIService)."); found {
			it.called[name] = true
		}
	}
	return http.DefaultTransport.RoundTrip(request)
}

func known(client *api.APIClient) map[string]bool {
	all, services := map[string]bool{}, reflect.ValueOf(*client)
	for i := 0; i < services.NumField(); i++ {
		service := services.Type().Field(i)
		for m := 0; strings.HasSuffix(service.Name, "API") && m < service.Type.NumMethod(); m++ {
			if name := service.Type.Method(m).Name; strings.HasSuffix(name, "Execute") {
				all[name] = true
			}
		}
	}
	return all
}

func sorted(names map[string]bool) []string {
	list := []string{}
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func main() {
	configuration, record := api.NewConfiguration(), recorder{map[string]bool{}}
	configuration.Servers[0].URL = os.Args[1]
	configuration.HTTPClient = &http.Client{Transport: record}
	client := api.NewAPIClient(configuration)
	for _, tour := range []func(*api.APIClient){assistants, threads, runs, stateless, crons, items} {
		tour(client)
	}
	json.NewEncoder(os.Stdout).Encode(object{"called": sorted(record.called), "all": sorted(known(client))})
}
