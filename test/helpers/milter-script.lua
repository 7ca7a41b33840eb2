-- What a mail server says, for miltertest(8); it prints one line for each reply.
local function word(conn)
  local reply = mt.getreply(conn)
  if reply == SMFIR_CONTINUE then return "continue" end
  if reply == SMFIR_REPLYCODE then return "replycode" end
  return "reply " .. tostring(reply)
end

local function session(address, helo, recipients, headers)
  local conn = mt.connect(place)
  if conn == nil then error("connect failed") end
  if mt.conninfo(conn, "client.example", address) ~= nil then error("conninfo failed") end
  if mt.helo(conn, helo) ~= nil then error("helo failed") end
  if mt.mailfrom(conn, "<sender@sender.example>") ~= nil then error("mailfrom failed") end
  local passed = false
  for _, recipient in ipairs(recipients) do
    if mt.rcptto(conn, recipient) ~= nil then error("rcptto failed") end
    mt.echo(address .. " " .. helo .. " " .. recipient .. " " .. word(conn))
    if mt.getreply(conn) == SMFIR_CONTINUE then passed = true end
  end
  if passed then
    for _, header in ipairs(headers) do
      if mt.header(conn, header[1], header[2]) ~= nil then error("header failed") end
    end
    if mt.eoh(conn) ~= nil then error("eoh failed") end
    if mt.eom(conn) ~= nil then error("eom failed") end
    mt.echo("end " .. word(conn))
    if mt.eom_check(conn, MT_HDRADD, "X-Sekisho") then mt.echo("header added") end
    if mt.eom_check(conn, MT_HDRDELETE, "X-Sekisho") then mt.echo("header deleted") end
  end
  mt.disconnect(conn)
end

local none = { { "Subject", "test" } }
session("203.0.113.7", "client.example", { "<user@test.example>", "<postmaster@test.example>" },
  { { "X-Sekisho", "forged" } })
session("203.0.113.8", "client.example", { "<user@test.example>" }, none)
session("192.0.2.1", "client.example", { "<user@test.example>" }, none)
session("192.0.2.1", "bare", { "<user@test.example>" }, none)
