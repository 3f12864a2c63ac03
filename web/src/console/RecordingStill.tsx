import { useEffect, useState } from "react";
import { useEventScope } from "./event";
import { useSession } from "./session";

/** A picture of a recording: of its begin, or `at` a time of the day. */
export function RecordingStill({ recording, at }: { recording: string; at?: string | undefined }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let left = false;
    api.recordingPicture(event, recording, at).then(
      (picture) => {
        if (left) return;
        made = URL.createObjectURL(picture);
        setUrl(made);
      },
      // Without a picture the row is whole all the same.
      () => undefined,
    );
    return () => {
      left = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, event, recording, at]);
  return url && <img src={url} alt="" />;
}
