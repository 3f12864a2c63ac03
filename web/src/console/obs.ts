// A profile for OBS Studio that is ready to stream: Profile → Import reads its folder. Pure.
import { zip } from "./zip";

/** Mb/s are for 1080p30; what every camera has alike needs no discontinuity at a cut. */
const BITRATE_KBPS = 4500;
const KEYFRAME_SECONDS = 2;
const SAMPLE_RATE = 48000;

/** The name of the folder, and of the profile: what OBS and every file system take. */
export function profileName(camera: string): string {
  const plain = camera.replace(/[^A-Za-z0-9 _-]/g, "").trim();
  return `Genlock ${plain || "camera"}`;
}

/** The profile as a zip file. It holds the stream key. */
export function obsProfile(camera: string, server: string, key: string): Uint8Array<ArrayBuffer> {
  const folder = profileName(camera);
  const basic = [
    "[General]",
    `Name=${folder}`,
    "[Output]",
    "Mode=Advanced",
    "[AdvOut]",
    "Encoder=obs_x264",
    "ApplyServiceSettings=true",
    "UseRescale=false",
    "TrackIndex=1",
    "Track1Bitrate=160",
    "[Video]",
    "BaseCX=1920",
    "BaseCY=1080",
    "OutputCX=1920",
    "OutputCY=1080",
    "FPSType=0",
    "FPSCommon=30",
    "[Audio]",
    `SampleRate=${SAMPLE_RATE}`,
    "ChannelSetup=Stereo",
    "",
  ].join("\n");
  const service = { type: "rtmp_custom", settings: { server, key, use_auth: false, bwtest: false } };
  const encoder = {
    rate_control: "CBR",
    bitrate: BITRATE_KBPS,
    keyint_sec: KEYFRAME_SECONDS,
    preset: "veryfast",
    profile: "high",
  };
  return zip([
    { name: `${folder}/basic.ini`, text: basic },
    { name: `${folder}/service.json`, text: JSON.stringify(service, null, 4) },
    { name: `${folder}/streamEncoder.json`, text: JSON.stringify(encoder, null, 4) },
  ]);
}
