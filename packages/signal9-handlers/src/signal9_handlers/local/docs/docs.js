// The API's documentation by Swagger UI, to read and to try out.

window.SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, docExpansion: "list", filter: true, validatorUrl: null,
});
