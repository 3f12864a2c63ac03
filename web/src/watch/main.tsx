/** @jsxImportSource preact */
// The viewer's page: `/watch/{event}` plays the event's programme. Preact: React and hls.js together do not fit.
import { render } from "preact";
import "../styles/base.css";
import "./watch.css";
import { Watch } from "./Watch";

const root = document.getElementById("root");
if (root) render(<Watch page={location.pathname} />, root);
