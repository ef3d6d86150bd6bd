// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Authorization, Authorizations} from "./Authorization.sol";
import {Ballots} from "./Ballots.sol";
import {IRegistry} from "./IRegistry.sol";

/// @dev Long: one escrow, and everything that moves a unit out of it, on one page to audit.
contract Registry is IRegistry, AccessManaged {
    using SafeERC20 for IERC20;

    bytes32 public constant PROPOSE = keccak256("tributary/propose");
    bytes32 public constant PLEDGE = keccak256("tributary/pledge");
    bytes32 public constant DISPUTE = keccak256("tributary/dispute-poll");
    bytes32 public constant BALLOT_TAG = Ballots.TAG;

    IERC20 public immutable TOKEN;
    address public immutable TREASURY;
    uint64 public immutable LEAST_BOND; // units; also what disputing a poll costs
    uint32 public immutable DISPUTE_WINDOW; // seconds
    uint32 public immutable OBJECTION_WINDOW; // seconds between an accusation and a slash
    uint32 public immutable DELIVERY_TERM; // seconds from proposal to deadline

    address public registrar;
    mapping(bytes32 proposalId => Proposal) private _proposals;
    mapping(bytes32 proposalId => mapping(address account => uint64)) public pledgeOf;
    mapping(bytes32 proposalId => bytes32) public constitutionOf;
    mapping(bytes32 proposalId => mapping(bytes32 root => bool)) public hasSnapshot;
    mapping(bytes32 proposalId => mapping(bytes32 adapterHash => bool)) public hasAdapter;

    modifier onlyRegistrar() {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        _;
    }

    constructor(
        address manager,
        IERC20 token,
        address treasury,
        uint64 leastBond,
        uint32 disputeWindow,
        uint32 objectionWindow,
        uint32 deliveryTerm
    ) AccessManaged(manager) {
        TOKEN = token;
        TREASURY = treasury;
        LEAST_BOND = leastBond;
        DISPUTE_WINDOW = disputeWindow;
        OBJECTION_WINDOW = objectionWindow;
        DELIVERY_TERM = deliveryTerm;
    }

    function propose(
        bytes32 proposalId,
        bytes32 contentHash,
        address proposer,
        uint64 bond,
        Authorization calldata authorization
    ) external {
        Proposal storage p = _proposals[proposalId];
        if (p.status != Status.None) revert ProposalExists(proposalId);
        if (bond < LEAST_BOND) revert BondTooSmall(bond, LEAST_BOND);
        p.proposer = proposer;
        p.bond = bond;
        p.deadline = uint32(block.timestamp) + DELIVERY_TERM;
        p.status = Status.Proposed;
        emit Proposed(proposalId, proposer, bond, contentHash, p.deadline);
        _take(proposer, bond, keccak256(abi.encode(PROPOSE, proposalId, contentHash)), authorization);
    }

    function pledge(bytes32 proposalId, address account, uint64 units, bytes32 salt, Authorization calldata authorization)
        external
    {
        Status status = statusOf(proposalId);
        if (status != Status.Proposed && status != Status.Polled && status != Status.Passed) {
            revert WrongStatus(proposalId, status);
        }
        _proposals[proposalId].pledged += units;
        pledgeOf[proposalId][account] += units;
        emit Pledged(proposalId, account, units);
        _take(account, units, keccak256(abi.encode(PLEDGE, proposalId, salt)), authorization);
    }

    function refundPledge(bytes32 proposalId, address account) external {
        Status status = statusOf(proposalId);
        if (status != Status.Rejected && status != Status.Expired && status != Status.Slashed) {
            revert WrongStatus(proposalId, status);
        }
        uint64 units = pledgeOf[proposalId][account];
        if (units == 0) revert NothingPledged();
        pledgeOf[proposalId][account] = 0;
        _proposals[proposalId].pledged -= units;
        emit PledgeRefunded(proposalId, account, units);
        TOKEN.safeTransfer(account, units);
    }

    function recordPoll(bytes32 proposalId, Poll calldata poll) external onlyRegistrar {
        Proposal storage p = _in(proposalId, Status.Proposed);
        if (poll.passed && poll.yes <= poll.no) revert TallyContradictsResult(poll.yes, poll.no);
        p.status = Status.Polled;
        p.passed = poll.passed;
        p.pollFinalAt = uint32(block.timestamp) + DISPUTE_WINDOW;
        p.pollHash = keccak256(abi.encode(poll));
        emit PollRecorded(proposalId, poll, p.pollFinalAt);
    }

    function disputePoll(
        bytes32 proposalId,
        address disputer,
        bytes32 evidenceHash,
        Authorization calldata authorization
    ) external {
        Proposal storage p = _in(proposalId, Status.Polled);
        if (p.disputed) revert AlreadyDisputed(proposalId);
        p.disputed = true;
        p.disputer = disputer;
        emit PollDisputed(proposalId, disputer, evidenceHash);
        _take(disputer, LEAST_BOND, keccak256(abi.encode(DISPUTE, proposalId, p.pollHash, evidenceHash)), authorization);
    }

    function resolvePoll(bytes32 proposalId, bool upheld, bytes32 findingHash) external restricted {
        if (msg.sender == registrar) revert ArbiterIsRegistrar(msg.sender);
        Proposal storage p = _in(proposalId, Status.Polled);
        if (!p.disputed) revert NotDisputed(proposalId);
        emit PollResolved(proposalId, upheld, findingHash);
        if (upheld) return _void(proposalId, p);
        p.disputed = false;
        TOKEN.safeTransfer(TREASURY, LEAST_BOND);
    }

    function refutePoll(
        bytes32 proposalId,
        Poll calldata poll,
        Ballot calldata one,
        bytes32[] calldata oneProof,
        Ballot calldata other,
        bytes32[] calldata otherProof
    ) external {
        Proposal storage p = _in(proposalId, Status.Polled);
        if (p.pollHash != keccak256(abi.encode(poll))) revert WrongPoll(proposalId);
        Ballots.refute(proposalId, poll.ballotsRoot, one, oneProof, other, otherProof);
        _void(proposalId, p);
    }

    function openDatanet(bytes32 proposalId, bytes32 constitutionHash) external onlyRegistrar {
        _delivering(proposalId);
        constitutionOf[proposalId] = constitutionHash;
        emit DatanetOpened(proposalId, constitutionHash);
    }

    function anchorSnapshot(bytes32 proposalId, bytes32 root, uint32 rows) external onlyRegistrar {
        Proposal storage p = _delivering(proposalId);
        hasSnapshot[proposalId][root] = true;
        emit SnapshotAnchored(proposalId, root, rows);
        _deliver(proposalId, p, 1);
    }

    function commitAdapter(
        bytes32 proposalId,
        bytes32 baseHash,
        bytes32 adapterHash,
        bytes32 snapshotRoot,
        bytes32 evaluationHash
    ) external onlyRegistrar {
        Proposal storage p = _delivering(proposalId);
        if (!hasSnapshot[proposalId][snapshotRoot]) revert SnapshotUnknown(snapshotRoot);
        hasAdapter[proposalId][adapterHash] = true;
        emit AdapterCommitted(proposalId, adapterHash, baseHash, snapshotRoot, evaluationHash);
        _deliver(proposalId, p, 2);
    }

    function release(bytes32 proposalId, uint16 number, bytes32 adapterHash, bytes32 releaseHash) external onlyRegistrar {
        Proposal storage p = _delivering(proposalId);
        if (p.slashableAt != 0) revert AlreadyAccused(proposalId);
        if (!hasAdapter[proposalId][adapterHash]) revert AdapterUnknown(adapterHash);
        if (number != p.releases + 1) revert WrongReleaseNumber(p.releases + 1, number);
        uint64 pledged = p.pledged;
        p.releases = number;
        p.pledged = 0;
        p.status = Status.Released;
        emit Released(proposalId, number, adapterHash, releaseHash);
        _deliver(proposalId, p, 3);
        if (pledged == 0) return;
        emit PledgesReleased(proposalId, pledged);
        TOKEN.safeTransfer(TREASURY, pledged);
    }

    function close(bytes32 proposalId) external {
        Proposal storage p = _proposals[proposalId];
        Status status = statusOf(proposalId);
        bool ended = status == Status.Rejected || status == Status.Expired;
        if (!ended || p.status == status) revert WrongStatus(proposalId, status);
        if (p.slashableAt != 0) revert AlreadyAccused(proposalId);
        bool disputed = p.disputed;
        p.status = status;
        p.disputed = false;
        emit Closed(proposalId, status);
        _return(proposalId, p, p.bond);
        if (disputed) TOKEN.safeTransfer(p.disputer, LEAST_BOND);
    }

    function accuse(bytes32 proposalId, Fault fault, bytes32 evidenceHash) external restricted {
        if (msg.sender == registrar) revert ArbiterIsRegistrar(msg.sender);
        Proposal storage p = _proposals[proposalId];
        if (p.status == Status.None || p.bondPaid == p.bond) revert WrongStatus(proposalId, p.status);
        if (p.slashableAt != 0) revert AlreadyAccused(proposalId);
        p.slashableAt = uint32(block.timestamp) + OBJECTION_WINDOW;
        emit Accused(proposalId, fault, evidenceHash, p.slashableAt);
    }

    function dropAccusation(bytes32 proposalId, bytes32 findingHash) external restricted {
        Proposal storage p = _accused(proposalId);
        p.slashableAt = 0;
        emit AccusationDropped(proposalId, findingHash);
        _return(proposalId, p, _earned(p));
    }

    function slash(bytes32 proposalId) external restricted {
        Proposal storage p = _accused(proposalId);
        if (block.timestamp < p.slashableAt) revert ObjectionsOpen(p.slashableAt);
        uint64 held = p.bond - p.bondPaid;
        bool disputed = p.disputed;
        p.bondPaid = p.bond;
        p.slashableAt = 0;
        p.disputed = false;
        p.status = Status.Slashed;
        emit BondSlashed(proposalId, held);
        TOKEN.safeTransfer(TREASURY, held);
        if (disputed) TOKEN.safeTransfer(p.disputer, LEAST_BOND);
    }

    function markTakedown(bytes32 subject, bytes32 reasonHash) external restricted {
        emit TakedownMarked(subject, reasonHash);
    }

    function anchorLedger(bytes32 root, uint64 fromSeq, uint64 toSeq) external onlyRegistrar {
        if (toSeq < fromSeq) revert RangeBackwards(fromSeq, toSeq);
        emit LedgerAnchored(fromSeq, toSeq, root);
    }

    function appointRegistrar(address account) external restricted {
        registrar = account;
        emit RegistrarAppointed(account);
    }

    function statusOf(bytes32 proposalId) public view returns (Status) {
        Proposal storage p = _proposals[proposalId];
        Status status = p.status;
        if (status != Status.Proposed && status != Status.Polled) return status;
        bool decided = status == Status.Polled && !p.disputed && block.timestamp >= p.pollFinalAt;
        if (decided && !p.passed) return Status.Rejected;
        if (block.timestamp >= p.deadline) return Status.Expired;
        return decided ? Status.Passed : status;
    }

    function proposal(bytes32 proposalId) external view returns (Proposal memory) {
        return _proposals[proposalId];
    }

    function _in(bytes32 proposalId, Status wanted) private view returns (Proposal storage) {
        Status status = statusOf(proposalId);
        if (status != wanted) revert WrongStatus(proposalId, status);
        return _proposals[proposalId];
    }

    function _delivering(bytes32 proposalId) private view returns (Proposal storage) {
        Status status = statusOf(proposalId);
        if (status != Status.Passed && status != Status.Released) revert WrongStatus(proposalId, status);
        return _proposals[proposalId];
    }

    function _accused(bytes32 proposalId) private view returns (Proposal storage p) {
        p = _proposals[proposalId];
        if (p.slashableAt == 0) revert NotAccused(proposalId);
    }

    /// @dev A milestone counts once; an adapter needs a snapshot and a release an adapter, so they come in order.
    function _deliver(bytes32 proposalId, Proposal storage p, uint8 milestone) private {
        if (p.delivered >= milestone) return;
        p.delivered = milestone;
        if (p.slashableAt == 0) _return(proposalId, p, _earned(p));
    }

    function _earned(Proposal storage p) private view returns (uint64) {
        return uint64((uint256(p.bond) * p.delivered) / 3);
    }

    /// @dev Pays the proposer up to `earned` of the bond.
    function _return(bytes32 proposalId, Proposal storage p, uint64 earned) private {
        if (earned <= p.bondPaid) return;
        uint64 units = earned - p.bondPaid;
        p.bondPaid = earned;
        emit BondReturned(proposalId, units);
        TOKEN.safeTransfer(p.proposer, units);
    }

    function _void(bytes32 proposalId, Proposal storage p) private {
        bool disputed = p.disputed;
        p.status = Status.Proposed;
        p.disputed = false;
        p.passed = false;
        p.pollFinalAt = 0;
        emit PollVoided(proposalId);
        if (disputed) TOKEN.safeTransfer(p.disputer, LEAST_BOND);
    }

    function _take(address payer, uint64 units, bytes32 nonce, Authorization calldata authorization) private {
        Authorizations.take(IERC3009(address(TOKEN)), payer, units, nonce, authorization);
    }
}
