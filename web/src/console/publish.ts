// What encoders are told, each in its own words.

/** A command that publishes a test picture with sound. */
export function ffmpegCommand(server: string, key: string): string {
  return (
    "ffmpeg -re -f lavfi -i testsrc2=s=1280x720:r=30 -f lavfi -i sine " +
    "-c:v libx264 -preset veryfast -tune zerolatency -g 60 -b:v 3M -pix_fmt yuv420p -c:a aac -f flv " +
    `${server}/${key}`
  );
}

/** Larix Grove: the link behind a QR code that sets up Larix Broadcaster (softvelum.com/larix/grove). */
export function groveLink(server: string, key: string, name: string): string {
  const parameters = new URLSearchParams({
    "conn[][url]": `${server}/${key}`,
    "conn[][name]": name,
    "conn[][overwrite]": "on",
    "enc[vid][keyframe]": "2",
  });
  return `larix://set/v1?${parameters.toString()}`;
}

/** Whether a host name means the computer that reads it. */
export function isLocal(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
