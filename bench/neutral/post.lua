-- wrk script: one crane order per request.
--   wrk -t1 -c100 -d5s -s post.lua http://127.0.0.1:PORT/api/smart_check/execute_queue/
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"space_number": "A01-L-001-01"}'
