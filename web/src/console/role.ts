// What whoever is signed in may do with the event. The server decides; the console shows no button that it would refuse.
import { useLive } from "./event";

/** Before the server has said it, everything is shown: most who open the console own the event. */
export const useMayOwn = (): boolean => useLive((live) => live.role === null || live.role === "owner");

/** Puts cameras on air, undoes, locks. */
export const useMayTake = (): boolean => useLive((live) => live.role !== "viewer");
