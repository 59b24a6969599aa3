// Starts the interactive API documentation; a file of its own because the page runs no inline script.
window.SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  tagsSorter: "alpha",
  validatorUrl: null,
});
