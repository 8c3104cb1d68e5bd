import astronaut from "../../../../docs/images/astronaut.jpg"; // by NASA, public domain
import astronautThumbnail from "./samples/astronaut-thumbnail.jpg";
import group from "./samples/group.jpg"; // rendered from group.svg in Chromium, as no-face.jpg from no-face.svg
import groupThumbnail from "./samples/group-thumbnail.jpg";
import noFace from "./samples/no-face.jpg";
import noFaceThumbnail from "./samples/no-face-thumbnail.jpg";

export interface Sample {
  name: "astronaut" | "group" | "noFace";
  url: string;
  thumbnail: string;
}

export const SAMPLES: readonly Sample[] = [
  { name: "astronaut", url: astronaut, thumbnail: astronautThumbnail },
  { name: "group", url: group, thumbnail: groupThumbnail },
  { name: "noFace", url: noFace, thumbnail: noFaceThumbnail },
];
