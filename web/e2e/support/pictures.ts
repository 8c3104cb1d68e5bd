import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const PYTHON = resolve(ROOT, ".venv/bin/python");
export const FIREFOX = process.env.FIREFOX ?? ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);
const FOLDER = resolve(import.meta.dirname, "../../test-results/pictures");

export const ASTRONAUT = resolve(ROOT, "docs/images/astronaut.jpg");
export const TWO_FACES = resolve(FOLDER, "two_faces.jpg");
export const LARGE_ON_ITS_SIDE = resolve(FOLDER, "large_on_its_side.jpg");
export const NO_FACE = resolve(FOLDER, "no_face.png");
export const CROWD = resolve(FOLDER, "crowd.jpg");
export const CAMERA_FILE = resolve(FOLDER, "camera.mjpeg");

/** Makes the pictures and the camera's video before the tests run. */
export default function makePictures(): void {
  execFileSync(PYTHON, [resolve(import.meta.dirname, "make_pictures.py"), ASTRONAUT, FOLDER], { stdio: "inherit" });
}
