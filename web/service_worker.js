// Keeps the page's own files, so that it opens without a network. Answers of the API are never kept.
const SHELL = "shell-__DIGEST__";
const FILES = __FILES__;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload", headers: { Accept: "text/html,*/*" } }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const clean = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = request.url.slice(self.registration.scope.length).replace(/[?#].*/, "");
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  if (request.mode === "navigate" && path === "") {
    // The newest page if there is a network, otherwise the kept one.
    event.respondWith(fetch(request).catch(() => kept("./")));
  } else if (FILES.includes(path)) {
    event.respondWith(kept(path).then((response) => response ?? fetch(request)));
  }
});

function kept(path) {
  return caches.open(SHELL).then((cache) => cache.match(path, { ignoreVary: true }));
}
