// A camera's picture, by the best rung that this browser and this camera have.
import { useEffect, useRef } from "react";
import { useEventScope } from "../console/event";

/**
 * Fills its parent. The camera's name stands beside it, so the picture itself has no words. Without a camera it is the
 * programme. What is `important` gives way last when the computer is busy.
 */
export function CameraPicture({ camera, important = false }: { camera: string | undefined; important?: boolean }) {
  const { pictures } = useEventScope();
  const host = useRef<HTMLSpanElement>(null);
  useEffect(
    () => (host.current ? pictures.attach(camera, host.current, important) : undefined),
    [pictures, camera, important],
  );
  return <span ref={host} className="camera-picture" />;
}
