-- Health of all kinds of Breakwater. Succeeded decides for runs (RestorePoint, Restore, Verification), Ready for all other kinds.
-- Findings, such as a missed RPO, are only added to the message: alerts report them, and they must not stop a sync.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local main = conditions.Succeeded or conditions.Ready
if main == nil then
  return {status = "Progressing", message = "waiting for Breakwater to read the object"}
end

local health = {status = "Progressing", message = main.message}
if main.type == "Succeeded" then
  -- A run that has ended does not run again, so its result stays valid when the spec changes.
  if main.status == "True" then
    health.status = "Healthy"
  elseif main.status == "False" then
    health.status = "Degraded"
  end
elseif main.observedGeneration ~= nil and main.observedGeneration ~= obj.metadata.generation then
  health.message = "waiting for Breakwater to read the new spec"
elseif main.status == "True" then
  health.status = "Healthy"
  if main.reason == "Suspended" then
    health.status = "Suspended"
  end
elseif main.status == "False" then
  -- LeaseLost is retried, but the pods of the application have ended.
  local works = conditions.Reconciling ~= nil and conditions.Reconciling.status == "True"
  if not works or main.reason == "LeaseLost" then
    health.status = "Degraded"
  end
end

if health.status == "Healthy" or health.status == "Suspended" then
  for _, condition in ipairs(obj.status.conditions) do
    -- GitDrift and LeaseAtRisk report a problem with True.
    local bad = condition.type == "GitDrift" or condition.type == "LeaseAtRisk"
    local good = bad and "False" or "True"
    if condition.type ~= "Ready" and condition.status ~= good and condition.status ~= "Unknown" then
      health.message = health.message .. "; " .. condition.type .. " is " .. condition.status .. ": " .. condition.message
    end
  end
end
return health
