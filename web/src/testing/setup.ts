import { Blob as NodeBlob } from "node:buffer";
import "@testing-library/jest-dom/vitest";

// jsdom's bytes cannot be read back; Node's can, as a browser's.
Object.assign(globalThis, { Blob: NodeBlob });
