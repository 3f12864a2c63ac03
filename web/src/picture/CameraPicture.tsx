// A camera's picture, by the best rung that this browser and this camera have.
import { useEffect, useRef } from "react";
import { useEventScope } from "../console/event";
import type { Shown } from "./pictures";

/**
 * Fills its parent. The camera's name stands beside it, so the picture itself has no words. Without a camera it is the
 * programme. What is `important` gives way last when the computer is busy.
 */
export function CameraPicture({ camera, important = false }: { camera: string | undefined; important?: boolean }) {
  const { pictures } = useEventScope();
  const host = useRef<HTMLSpanElement>(null);
  const shown = useRef<Shown | null>(null);
  useEffect(() => {
    if (!host.current) return;
    const attached = pictures.attach(camera, host.current);
    shown.current = attached;
    return () => attached.stop();
  }, [pictures, camera]);
  // The picture stays as it is: a canvas that was replaced under the pointer would swallow the click.
  useEffect(() => shown.current?.setImportant(important), [pictures, camera, important]);
  return <span ref={host} className="camera-picture" />;
}
