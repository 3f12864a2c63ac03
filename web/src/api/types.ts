// Names for the shapes of the API. All of them come from `crates/control-api/openapi.json`: a field that the server
// renames is a compile error here.
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Camera = Schemas["Camera"];
export type CameraWithKey = Schemas["CameraWithKey"];
export type CutStyle = Schemas["CutStyle"];
export type Cut = Schemas["Cut"];
export type CutUpdate = Schemas["CutUpdate"];
export type EditList = Schemas["EditList"];
export type Event = Schemas["Event"];
export type EventWithCameras = Schemas["EventWithCameras"];
export type Forecast = Schemas["Forecast"];
export type Health = Schemas["Health"];
export type HealthIssue = Schemas["HealthIssue"];
export type Lock = Schemas["Lock"];
export type Message = Schemas["Message"];
export type Policy = Schemas["Policy"];
export type PolicyChange = Schemas["PolicyChange"];
export type Problem = Schemas["Problem"];
export type Recording = Schemas["Recording"];
export type RecordingClip = Schemas["RecordingClip"];
export type RecutClip = Schemas["RecutClip"];
export type RecutView = Schemas["RecutView"];
export type RecordingSource = Schemas["RecordingSource"];
export type Switch = Schemas["Switch"];
export type Tally = Schemas["Tally"];
export type TakeAnswer = Schemas["TakeAnswer"];
export type Watch = Schemas["Watch"];
