// A camera's picture, by the best rung that this browser and this camera have.
import { useEffect, useState } from "react";
import { useEventScope } from "../console/event";

/** Fills its parent. The camera's name stands beside it, so the picture itself has no words. */
export function CameraPicture({ camera }: { camera: string | undefined }) {
  const { stills } = useEventScope();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => stills.watch(camera, setUrl), [stills, camera]);
  return url === null ? null : <img src={url} alt="" draggable={false} />;
}
