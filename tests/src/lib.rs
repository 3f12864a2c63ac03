//! End-to-end tests with real ffmpeg publishers and a real Chromium.
