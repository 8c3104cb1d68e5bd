import { Blob as NodeBlob } from "node:buffer";
import { configure } from "@testing-library/react";
import "@testing-library/jest-dom/vitest";

configure({ asyncUtilTimeout: 10_000 });

// jsdom's bytes cannot be read back; Node's can, as a browser's.
Object.assign(globalThis, { Blob: NodeBlob });
